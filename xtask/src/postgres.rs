//! A private Postgres: its data, its settings, its start.

use std::fs::{self, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::{self, Server, StopSignal, User};
use crate::programs::{self, PostgresPrograms};
use crate::psql::Psql;
use crate::secrets::{self, Secrets};
use crate::servers::Purpose;
use crate::signals::Interrupts;
use crate::state::{self, State};
use crate::{checkout, ports};

/// The role that migrates and owns the tables, and the database, of a private instance.
const NAME: &str = "vigie";

/// A Postgres that runs, and how to reach it.
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) url: String,
    pub(crate) data: PathBuf,
}

/// Starts the private Postgres of `state`, making its data first where there is none.
pub(crate) fn start(
    state: &State,
    secrets: &mut Secrets,
    purpose: Purpose,
    interrupts: &Interrupts,
) -> Result<Running> {
    let user = programs::is_root()?
        .then(programs::unprivileged_user)
        .transpose()?;
    let data = data_folder(state, user.as_ref())?;
    let programs = programs_for(&data)?;
    let password = secrets.keep("POSTGRES_PASSWORD", || secrets::random_hex(16))?;
    if !data.join("PG_VERSION").exists() {
        checkout::say(&format!(
            "making a Postgres {} database in {}",
            programs.major,
            data.display()
        ));
        initialise(state, &programs, &data, user.as_ref(), &password)?;
    }
    let port = ports::free(
        state
            .note("postgres-port")
            .and_then(|port| port.parse().ok()),
    )?;
    state.set_note("postgres-port", &port.to_string())?;
    let log = state.folder("log")?.join("postgres.log");
    let mut server = launch(
        &programs,
        &data,
        port,
        purpose,
        user.as_ref(),
        &log,
        interrupts,
    )?;
    state.record_child(server.name, server.pid())?;
    let base = format!("postgres://{NAME}:{password}@127.0.0.1:{port}");
    let psql = Psql {
        program: programs.dir.join("psql"),
        url: format!("{base}/postgres"),
    };
    process::wait_until(
        "starting Postgres",
        Duration::from_secs(60),
        interrupts,
        || {
            if server.ended()?.is_some() {
                bail!(
                    "Postgres ended at its start; its log says:\n{}",
                    last_lines(&log)
                );
            }
            Ok(TcpStream::connect(("127.0.0.1", port)).is_ok() && psql.run("select 1").is_ok())
        },
    )?;
    if psql
        .run(&format!(
            "select 1 from pg_database where datname = '{NAME}'"
        ))?
        .is_empty()
    {
        psql.run(&format!("create database {NAME}"))?;
    }
    Ok(Running {
        server,
        url: format!("{base}/{NAME}"),
        data,
    })
}

fn launch(
    programs: &PostgresPrograms,
    data: &Path,
    port: u16,
    purpose: Purpose,
    user: Option<&User>,
    log: &Path,
    interrupts: &Interrupts,
) -> Result<Server> {
    let mut command = process::command(&programs.dir.join("postgres"), StopSignal::Int, user);
    command.current_dir(data).env_remove("LD_LIBRARY_PATH");
    command.arg("-D").arg(data).args(["-p", &port.to_string()]);
    for setting in settings(purpose) {
        command.args(["-c", setting]);
    }
    Server::start("postgres", command, log, StopSignal::Int, interrupts)
}

/// Connections through 127.0.0.1 only, and what each purpose asks of durability.
fn settings(purpose: Purpose) -> Vec<&'static str> {
    let mut settings = vec![
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "max_connections=300",
        "timezone=UTC",
        "log_timezone=UTC",
        "shared_buffers=256MB",
        "max_wal_size=4GB",
    ];
    if purpose == Purpose::Tests {
        settings.extend([
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
        ]);
    }
    settings
}

/// The version that made the data; the newest where there is none yet.
fn programs_for(data: &Path) -> Result<PostgresPrograms> {
    let versions = programs::postgres_versions();
    let Ok(made_by) = fs::read_to_string(data.join("PG_VERSION")) else {
        return versions
            .into_iter()
            .next()
            .context("no Postgres on this machine");
    };
    let major: u32 = made_by.trim().parse().context("reading PG_VERSION")?;
    versions.into_iter().find(|programs| programs.major == major).with_context(|| {
        format!(
            "the data in {} is of Postgres {major}, which this machine lacks: install it, or start over with --fresh",
            data.display()
        )
    })
}

fn initialise(
    state: &State,
    programs: &PostgresPrograms,
    data: &Path,
    user: Option<&User>,
    password: &str,
) -> Result<()> {
    let password_file = data.with_extension("password");
    state::write_private(&password_file, password)?;
    if let Some(user) = user {
        chown(&password_file, Some(user.uid), Some(user.gid))?;
    }
    // Made beside its place and then moved there, so that a killed initdb leaves no half of a database.
    let making = data.with_file_name("making");
    let mut last = None;
    for locale in ["C.UTF-8", "en_US.UTF-8", "C"] {
        fs::remove_dir_all(&making).ok();
        let mut command = process::command(&programs.dir.join("initdb"), StopSignal::Term, user);
        command
            .current_dir(data)
            .env_remove("LD_LIBRARY_PATH")
            .arg("-D")
            .arg(&making)
            .args([
                "-U",
                NAME,
                "--encoding=UTF8",
                "--auth=scram-sha-256",
                "--no-instructions",
            ])
            .args([
                format!("--locale={locale}"),
                format!("--pwfile={}", password_file.display()),
            ])
            .args(state.is_passing().then_some("--no-sync"));
        match process::output(&mut command) {
            Ok(_) => {
                last = fs::rename(&making, data).err().map(Into::into);
                break;
            }
            Err(error) => last = Some(error),
        }
    }
    fs::remove_file(&password_file).ok();
    last.map_or(Ok(()), |error| Err(error).context("making the database"))
}

/// The folder of the data, one that `user` can reach: under `.vigie/`, else under the system's
/// temporary folder, which is then noted for the next run.
fn data_folder(state: &State, user: Option<&User>) -> Result<PathBuf> {
    if let Some(noted) = state.note("postgres-dir").map(PathBuf::from) {
        if noted.is_dir() {
            return Ok(noted.join("data"));
        }
        checkout::say(&format!(
            "{} is gone, and the data with it: starting anew",
            noted.display()
        ));
    }
    let inside = state.folder("postgres")?;
    let Some(user) = user else {
        return own_folder(&inside, None);
    };
    let data = own_folder(&inside, Some(user))?;
    if can_enter(user, &data) {
        return Ok(data);
    }
    fs::remove_dir_all(&inside).ok();
    let outside = std::env::temp_dir().join(format!("vigie-{}", secrets::random_hex(8)?));
    fs::create_dir(&outside).with_context(|| format!("creating {}", outside.display()))?;
    state.set_note("postgres-dir", &outside.to_string_lossy())?;
    let data = own_folder(&outside, Some(user))?;
    if !can_enter(user, &data) {
        bail!(
            "user {} reaches neither {} nor {}",
            user.name,
            inside.display(),
            outside.display()
        );
    }
    checkout::say(&format!(
        "user {} can't reach this checkout; data in {}",
        user.name,
        data.display()
    ));
    Ok(data)
}

/// `parent/data`, with its parent, owned by `user` and closed to others.
fn own_folder(parent: &Path, user: Option<&User>) -> Result<PathBuf> {
    let data = parent.join("data");
    fs::create_dir_all(&data).with_context(|| format!("creating {}", data.display()))?;
    for dir in [parent, &data] {
        fs::set_permissions(dir, Permissions::from_mode(0o700))?;
        if let Some(user) = user {
            chown(dir, Some(user.uid), Some(user.gid))
                .with_context(|| format!("giving {} away", dir.display()))?;
        }
    }
    Ok(data)
}

fn can_enter(user: &User, dir: &Path) -> bool {
    process::command(Path::new("/bin/sh"), StopSignal::Term, Some(user))
        .args(["-c", "cd \"$1\" && test -w .", "sh"])
        .arg(dir)
        .current_dir("/")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The end of a log, for an error message.
pub(crate) fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
