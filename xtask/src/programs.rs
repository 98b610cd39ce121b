//! Finding the programs of the machine: the servers, the tools, and who we are.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result};

use crate::process::{self, User};

/// Oldest Postgres with `nulls not distinct`.
const OLDEST_POSTGRES: u32 = 15;
/// Oldest Redis with `BZMPOP`.
const OLDEST_REDIS: u32 = 7;

/// The folder of one Postgres version's programs.
#[derive(Clone, Debug)]
pub(crate) struct PostgresPrograms {
    pub(crate) dir: PathBuf,
    pub(crate) major: u32,
}

/// A program of PATH, or of the system folders that a plain user's PATH may lack.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let extra = ["/usr/sbin", "/sbin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from);
    env::split_paths(&path)
        .chain(extra)
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// Every usable Postgres of the machine, newest first.
pub(crate) fn postgres_versions() -> Vec<PostgresPrograms> {
    let mut dirs: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    if let Some(dir) = find("initdb").as_deref().and_then(Path::parent) {
        dirs.push(dir.to_path_buf());
    }
    let mut found: Vec<PostgresPrograms> = dirs
        .into_iter()
        .filter(|dir| dir.join("postgres").is_file() && dir.join("initdb").is_file())
        .filter_map(|dir| {
            let major = major_version(&dir.join("postgres"))?;
            Some(PostgresPrograms { dir, major })
        })
        .filter(|programs| programs.major >= OLDEST_POSTGRES)
        .collect();
    found.sort_by_key(|programs| std::cmp::Reverse(programs.major));
    found
}

/// A Redis server that is new enough.
pub(crate) fn redis_server() -> Option<PathBuf> {
    let program = find("redis-server").or_else(|| find("valkey-server"))?;
    (major_version(&program)? >= OLDEST_REDIS).then_some(program)
}

/// The first number of what `--version` prints after a blank, `=` or `v`.
fn major_version(program: &Path) -> Option<u32> {
    let text = process::output(Command::new(program).arg("--version")).ok()?;
    first_version(&text)
}

fn first_version(text: &str) -> Option<u32> {
    text.split(|c: char| c.is_whitespace() || c == '=')
        .find_map(|word| {
            let word = word.trim_start_matches('v');
            let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        })
}

/// `setpriv`, where it can give a child a signal for the parent's death.
pub(crate) fn with_death_signal() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            let setpriv = find("setpriv")?;
            let works = Command::new(&setpriv)
                .args(["--pdeathsig", "TERM", "--", "true"])
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success());
            works.then_some(setpriv)
        })
        .as_deref()
}

/// Whether we are root.
pub(crate) fn is_root() -> Result<bool> {
    Ok(id("-u", None)? == 0)
}

/// The user whom a root's Postgres runs as: `postgres` where the machine has it, else `nobody`.
pub(crate) fn unprivileged_user() -> Result<User> {
    let name = if id("-u", Some("postgres")).is_ok() {
        "postgres"
    } else {
        "nobody"
    };
    Ok(User {
        name: name.to_owned(),
        uid: id("-u", Some(name))?,
        gid: id("-g", Some(name))?,
    })
}

fn id(what: &str, user: Option<&str>) -> Result<u32> {
    let text = process::output(Command::new("id").arg(what).args(user))?;
    text.parse()
        .with_context(|| format!("`id {what}` printed {text:?}"))
}

/// Whether a program starts and ends well; its output is thrown away.
pub(crate) fn succeeds(program: &str, args: &[&str]) -> bool {
    Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_the_servers_print() {
        assert_eq!(
            first_version("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(
            first_version("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc"),
            Some(7)
        );
        assert_eq!(first_version("Valkey server v=8.1.1 sha=0"), Some(8));
        assert_eq!(first_version("no version at all"), None);
    }
}
