//! Finds the programs of the machine: the servers, the tools and the user of this process.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result};

use crate::process::{self, User};

/// Oldest Postgres with `nulls not distinct`.
const MIN_POSTGRES_MAJOR: u32 = 15;
/// Oldest Redis with `BZMPOP`.
const MIN_REDIS_MAJOR: u32 = 7;

/// The programs of one Postgres version.
#[derive(Clone, Debug)]
pub(crate) struct PostgresPrograms {
    pub(crate) dir: PathBuf,
    pub(crate) major: u32,
}

/// Finds a program in PATH, or in the system folders that the PATH of a plain user may lack.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let extra = ["/usr/sbin", "/sbin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from);
    env::split_paths(&path)
        .chain(extra)
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// Returns every supported Postgres of the machine, newest first.
pub(crate) fn postgres_versions() -> Vec<PostgresPrograms> {
    let mut dirs: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    if let Some(dir) = find_program("initdb").as_deref().and_then(Path::parent) {
        dirs.push(dir.to_path_buf());
    }
    let mut found: Vec<PostgresPrograms> = dirs
        .into_iter()
        .filter(|dir| dir.join("postgres").is_file() && dir.join("initdb").is_file())
        .filter_map(|dir| {
            let major = major_version(&dir.join("postgres"))?;
            Some(PostgresPrograms { dir, major })
        })
        .filter(|programs| programs.major >= MIN_POSTGRES_MAJOR)
        .collect();
    found.sort_by_key(|programs| std::cmp::Reverse(programs.major));
    found
}

/// Returns a supported Redis server.
pub(crate) fn redis_server() -> Option<PathBuf> {
    let program = find_program("redis-server").or_else(|| find_program("valkey-server"))?;
    (major_version(&program)? >= MIN_REDIS_MAJOR).then_some(program)
}

/// Returns the first number that `--version` prints after a blank, `=` or `v`.
fn major_version(program: &Path) -> Option<u32> {
    let text = process::read_output(Command::new(program).arg("--version")).ok()?;
    parse_major_version(&text)
}

fn parse_major_version(text: &str) -> Option<u32> {
    text.split(|c: char| c.is_whitespace() || c == '=')
        .find_map(|word| {
            let word = word.trim_start_matches('v');
            let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        })
}

/// Returns `setpriv` where it can send a signal to a child when the parent dies.
pub(crate) fn find_setpriv() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            let setpriv = find_program("setpriv")?;
            let works = Command::new(&setpriv)
                .args(["--pdeathsig", "TERM", "--", "true"])
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success());
            works.then_some(setpriv)
        })
        .as_deref()
}

/// Whether this process runs as root.
pub(crate) fn is_root() -> Result<bool> {
    Ok(read_user_id("-u", None)? == 0)
}

/// Returns the user that Postgres runs as where this process is root: `postgres` if the machine has
/// that user, else `nobody`.
pub(crate) fn unprivileged_user() -> Result<User> {
    let name = if read_user_id("-u", Some("postgres")).is_ok() {
        "postgres"
    } else {
        "nobody"
    };
    Ok(User {
        name: name.to_owned(),
        uid: read_user_id("-u", Some(name))?,
        gid: read_user_id("-g", Some(name))?,
    })
}

fn read_user_id(option: &str, user: Option<&str>) -> Result<u32> {
    let text = process::read_output(Command::new("id").arg(option).args(user))?;
    text.parse()
        .with_context(|| format!("`id {option}` printed {text:?}"))
}

/// Whether a program exits with success. Its output is discarded.
pub(crate) fn exits_with_success(program: &str, args: &[&str]) -> bool {
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
    fn the_version_is_parsed_from_the_output_of_the_servers() {
        assert_eq!(
            parse_major_version("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(
            parse_major_version("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc"),
            Some(7)
        );
        assert_eq!(parse_major_version("Valkey server v=8.1.1 sha=0"), Some(8));
        assert_eq!(parse_major_version("no version at all"), None);
    }
}
