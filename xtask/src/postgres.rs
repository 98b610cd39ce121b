//! A private Postgres: its settings and its start.

mod data;

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::process::{self, Server, StopSignal, User};
use crate::programs::{self, PostgresPrograms};
use crate::psql::Psql;
use crate::secrets::{self, Secrets};
use crate::servers::Purpose;
use crate::signals::Interrupts;
use crate::state::State;
use crate::{checkout, ports};

use data::{find_data_folder, find_programs, init_data};

/// The name of the database, and of the role that owns its tables.
const DATABASE: &str = "vigie";

/// A running Postgres with its URL and data folder.
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) url: String,
    pub(crate) data: PathBuf,
}

/// Starts the private Postgres of `state`. Creates its data first if missing.
pub(crate) fn start_postgres(
    state: &State,
    secrets: &mut Secrets,
    purpose: Purpose,
    interrupts: &Interrupts,
) -> Result<Running> {
    let user = programs::is_root()?
        .then(programs::unprivileged_user)
        .transpose()?;
    let data = find_data_folder(state, user.as_ref())?;
    let programs = find_programs(&data)?;
    let password = secrets.keep("POSTGRES_PASSWORD", || secrets::random_hex(16))?;
    if !data.join("PG_VERSION").exists() {
        checkout::report_progress(&format!(
            "creating a Postgres {} database in {}",
            programs.major,
            data.display()
        ));
        init_data(state, &programs, &data, user.as_ref(), &password)?;
    }
    let noted_port = state.note("postgres-port");
    let port = ports::find_free_port(noted_port.and_then(|port| port.parse().ok()))?;
    state.set_note("postgres-port", &port.to_string())?;
    let log = state.folder("log")?.join("postgres.log");
    let command = build_command(&programs, &data, port, purpose, user.as_ref());
    let mut server = Server::start("postgres", command, &log, StopSignal::Int, interrupts)?;
    state.record_child(server.name, server.pid())?;
    let base = format!("postgres://{DATABASE}:{password}@127.0.0.1:{port}");
    let psql = Psql {
        program: programs.dir.join("psql"),
        url: format!("{base}/postgres"),
    };
    await_start(&mut server, &psql, port, &log, interrupts)?;
    create_database(&psql)?;
    Ok(Running {
        server,
        url: format!("{base}/{DATABASE}"),
        data,
    })
}

fn await_start(
    server: &mut Server,
    psql: &Psql,
    port: u16,
    log: &Path,
    interrupts: &Interrupts,
) -> Result<()> {
    process::wait_until(
        "starting Postgres",
        Duration::from_secs(60),
        interrupts,
        || {
            if server.ended()?.is_some() {
                bail!(
                    "Postgres exited during its start; the end of its log:\n{}",
                    last_lines(log)
                );
            }
            Ok(TcpStream::connect(("127.0.0.1", port)).is_ok() && psql.run("select 1").is_ok())
        },
    )
}

fn create_database(psql: &Psql) -> Result<()> {
    let exists = psql.run(&format!(
        "select 1 from pg_database where datname = '{DATABASE}'"
    ))?;
    if exists.is_empty() {
        psql.run(&format!("create database {DATABASE}"))?;
    }
    Ok(())
}

fn build_command(
    programs: &PostgresPrograms,
    data: &Path,
    port: u16,
    purpose: Purpose,
    user: Option<&User>,
) -> Command {
    let mut command =
        process::server_command(&programs.dir.join("postgres"), StopSignal::Int, user);
    command.current_dir(data).env_remove("LD_LIBRARY_PATH");
    command.arg("-D").arg(data).args(["-p", &port.to_string()]);
    for setting in server_settings(purpose) {
        command.args(["-c", setting]);
    }
    command
}

/// Only connections through 127.0.0.1, and the durability that the purpose requires.
fn server_settings(purpose: Purpose) -> Vec<&'static str> {
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

/// Returns the end of a log, for an error message.
pub(crate) fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
