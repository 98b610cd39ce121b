//! The data folder of a private Postgres: where it is, which version owns it, how it is created.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};

use super::DATABASE;
use crate::process::{self, StopSignal, User};
use crate::programs::{self, PostgresPrograms};
use crate::state::{self, State};
use crate::{checkout, secrets};

/// Returns the version that created the data, or the newest one where there is no data yet.
pub(super) fn find_programs(data: &Path) -> Result<PostgresPrograms> {
    let versions = programs::postgres_versions();
    let Ok(version) = fs::read_to_string(data.join("PG_VERSION")) else {
        return versions
            .into_iter()
            .next()
            .context("no Postgres on this machine");
    };
    let major: u32 = version.trim().parse().context("reading PG_VERSION")?;
    versions.into_iter().find(|programs| programs.major == major).with_context(|| {
        format!(
            "the data in {} needs Postgres {major}, which is not installed: install it, or start \
             over with --fresh",
            data.display()
        )
    })
}

pub(super) fn init_data(
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
    // Created in another folder and then moved, so that a killed initdb leaves no partial database.
    let partial = data.with_file_name("partial");
    let mut last = None;
    for locale in ["C.UTF-8", "en_US.UTF-8", "C"] {
        fs::remove_dir_all(&partial).ok();
        let mut command =
            process::server_command(&programs.dir.join("initdb"), StopSignal::Term, user);
        command
            .current_dir(data)
            .env_remove("LD_LIBRARY_PATH")
            .arg("-D")
            .arg(&partial)
            .args([
                "-U",
                DATABASE,
                "--encoding=UTF8",
                "--auth=scram-sha-256",
                "--no-instructions",
            ])
            .args([
                format!("--locale={locale}"),
                format!("--pwfile={}", password_file.display()),
            ])
            .args(state.is_passing().then_some("--no-sync"));
        match process::read_output(&mut command) {
            Ok(_) => {
                last = fs::rename(&partial, data).err().map(Into::into);
                break;
            }
            Err(error) => last = Some(error),
        }
    }
    fs::remove_file(&password_file).ok();
    last.map_or(Ok(()), |error| Err(error).context("creating the database"))
}

/// Returns a data folder that `user` can access: under `.vigie/`, else under the system's temporary
/// folder, which is then stored in the state for the next run.
pub(super) fn find_data_folder(state: &State, user: Option<&User>) -> Result<PathBuf> {
    if let Some(noted) = state.note("postgres-dir").map(PathBuf::from) {
        if noted.is_dir() {
            return Ok(noted.join("data"));
        }
        checkout::report_progress(&format!(
            "{} and its data no longer exist; starting over",
            noted.display()
        ));
    }
    let inside = state.folder("postgres")?;
    let Some(user) = user else {
        return create_private_folder(&inside, None);
    };
    let data = create_private_folder(&inside, Some(user))?;
    if can_enter(user, &data) {
        return Ok(data);
    }
    fs::remove_dir_all(&inside).ok();
    let outside = std::env::temp_dir().join(format!("vigie-{}", secrets::random_hex(8)?));
    fs::create_dir(&outside).with_context(|| format!("creating {}", outside.display()))?;
    state.set_note("postgres-dir", &outside.to_string_lossy())?;
    let data = create_private_folder(&outside, Some(user))?;
    if !can_enter(user, &data) {
        bail!(
            "user {} can access neither {} nor {}",
            user.name,
            inside.display(),
            outside.display()
        );
    }
    checkout::report_progress(&format!(
        "user {} cannot access this checkout; the data is in {}",
        user.name,
        data.display()
    ));
    Ok(data)
}

/// Creates `parent/data`. Both folders belong to `user` and are closed to others.
fn create_private_folder(parent: &Path, user: Option<&User>) -> Result<PathBuf> {
    let data = parent.join("data");
    fs::create_dir_all(&data).with_context(|| format!("creating {}", data.display()))?;
    for dir in [parent, &data] {
        fs::set_permissions(dir, Permissions::from_mode(0o700))?;
        if let Some(user) = user {
            chown(dir, Some(user.uid), Some(user.gid))
                .with_context(|| format!("changing the owner of {}", dir.display()))?;
        }
    }
    Ok(data)
}

fn can_enter(user: &User, dir: &Path) -> bool {
    process::server_command(Path::new("/bin/sh"), StopSignal::Term, Some(user))
        .args(["-c", "cd \"$1\" && test -w .", "sh"])
        .arg(dir)
        .current_dir("/")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
