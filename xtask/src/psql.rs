//! Runs statements through psql, so that xtask needs no database driver to compile.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{process, programs};

/// psql with a connection URL.
pub(crate) struct Psql {
    pub(crate) program: PathBuf,
    pub(crate) url: String,
}

impl Psql {
    /// Finds the machine's psql, for a database of the user.
    pub(crate) fn of_machine(url: &str) -> Result<Self> {
        let program = programs::postgres_versions()
            .into_iter()
            .map(|programs| programs.dir.join("psql"))
            .find(|psql| psql.is_file())
            .or_else(|| programs::find_program("psql"))
            .context("psql is missing: install the client of Postgres")?;
        Ok(Self {
            program,
            url: url.to_owned(),
        })
    }

    /// Runs one statement and returns its rows without decoration.
    pub(crate) fn run(&self, statement: &str) -> Result<String> {
        process::read_output(self.build_command().args(["-c", statement]))
    }

    /// Runs a file in one transaction.
    pub(crate) fn run_file(&self, file: &Path) -> Result<()> {
        process::read_output(
            self.build_command()
                .arg("--single-transaction")
                .arg("-f")
                .arg(file),
        )
        .with_context(|| format!("applying {}", file.display()))?;
        Ok(())
    }

    fn build_command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // The password is in the environment because any user can read command lines.
        let (url, password) = split_password(&self.url);
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &url]);
        command.env("PGOPTIONS", "-c client_min_messages=warning");
        if let Some(password) = password {
            command.env("PGPASSWORD", password);
        }
        command
    }
}

/// Returns the URL without its password, and the decoded password.
fn split_password(url: &str) -> (String, Option<String>) {
    let parts = url.split_once("://").and_then(|(scheme, rest)| {
        let end = rest.find('/').unwrap_or(rest.len());
        let at = rest[..end].rfind('@')?;
        let (user, password) = rest[..at].split_once(':')?;
        Some((
            format!("{scheme}://{user}{}", &rest[at..]),
            percent_decode(password),
        ))
    });
    parts.map_or_else(
        || (url.to_owned(), None),
        |(url, password)| (url, Some(password)),
    )
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = (*first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_url_never_reaches_the_command_line() {
        let (url, password) =
            split_password("postgres://ada:p%40ss%2Fword@db:5432/vigie?sslmode=require");
        assert_eq!(url, "postgres://ada@db:5432/vigie?sslmode=require");
        assert_eq!(password.as_deref(), Some("p@ss/word"));
        assert_eq!(
            split_password("postgres://ada@db/vigie"),
            ("postgres://ada@db/vigie".to_owned(), None)
        );
    }
}
