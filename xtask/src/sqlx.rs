//! `cargo xtask sqlx`: the folder `.sqlx`, from which builds check SQL without a database.
//!
//! The macros of sqlx write what they learn of each statement to SQLX_OFFLINE_DIR whenever they run
//! against a database. So: a database with all migrations, every crate with such macros compiled
//! once more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::psql::Psql;
use crate::servers::{self, Need, Purpose};
use crate::signals::Interrupts;
use crate::state::State;
use crate::{checkout, process};

pub(crate) const HELP: &str = "\
usage: cargo xtask sqlx [--check]

Applies every migration to an empty database, compiles the crates with checked SQL against it and writes
.sqlx anew. With --check it writes nothing, compares, and names what differs.";

/// # Errors
/// Where a migration, the compiler or the comparison fails, or a signal comes.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let check = match args {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => bail!("{HELP}"),
    };
    let interrupts = Interrupts::listen()?;
    refresh_statements(check, &interrupts)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes `.sqlx` again, or only compares it.
pub(crate) fn refresh_statements(check: bool, interrupts: &Interrupts) -> Result<()> {
    let servers = servers::start_servers(
        State::passing()?,
        Purpose::Tests,
        Need::Postgres,
        interrupts,
    )?;
    let database = Scratch::create(&servers.database_url)?;
    let fresh = servers.state.folder("sqlx")?;
    describe_statements(&database.url, &fresh, interrupts)?;
    let committed = checkout::workspace_root().join(".sqlx");
    let (new, old) = (read_folder(&fresh)?, read_folder(&committed)?);
    if check {
        let differences = compare(&old, &new);
        if !differences.is_empty() {
            bail!(
                ".sqlx is stale; run `cargo xtask sqlx` and commit it:\n  {}",
                differences.join("\n  ")
            );
        }
        checkout::report_progress(&format!(".sqlx is fresh: {} statements", new.len()));
        return Ok(());
    }
    fs::create_dir_all(&committed)?;
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        fs::remove_file(committed.join(name))?;
    }
    for (name, text) in new
        .iter()
        .filter(|(name, text)| old.get(*name) != Some(*text))
    {
        fs::write(committed.join(name), text)?;
    }
    checkout::report_progress(&format!(".sqlx holds {} statements", new.len()));
    Ok(())
}

/// A database of its own with all migrations, dropped at the end.
struct Scratch {
    psql: Psql,
    name: String,
    url: String,
}

impl Scratch {
    fn create(server_url: &str) -> Result<Self> {
        let psql = Psql::of_machine(server_url)?;
        let name = format!("vigie_sqlx_{}", std::process::id());
        psql.run(&format!("create database {name}"))?;
        let url = with_database(server_url, &name)?;
        let scratch = Self { psql, name, url };
        let inside = Psql::of_machine(&scratch.url)?;
        let mut migrations =
            checkout::list_files(&checkout::workspace_root().join("migrations"), "sql")?;
        migrations.sort();
        for migration in &migrations {
            inside.run_file(migration)?;
        }
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.psql
            .run(&format!(
                "drop database if exists {} with (force)",
                self.name
            ))
            .ok();
    }
}

fn with_database(url: &str, name: &str) -> Result<String> {
    let start = url.find("://").context("DATABASE_URL is no URL")? + 3;
    let (base, query) = url
        .split_once('?')
        .map_or((url, None), |(base, query)| (base, Some(query)));
    let host_end = base[start..]
        .find('/')
        .map_or(base.len(), |slash| start + slash);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Ok(format!("{}/{name}{query}", &base[..host_end]))
}

/// Compiles every crate that has checked SQL, so that its macros write into `dir`.
fn describe_statements(database_url: &str, dir: &Path, interrupts: &Interrupts) -> Result<()> {
    let packages = packages_with_sql()?;
    if packages.is_empty() {
        return Ok(());
    }
    for package in &packages {
        touch_roots(package)?;
    }
    let mut cargo = process::tool_command("cargo");
    cargo.args(["check", "--all-targets"]);
    for package in &packages {
        cargo.args([
            Path::new("-p"),
            package.file_name().unwrap_or_default().as_ref(),
        ]);
    }
    cargo
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", dir)
        .env("DATABASE_URL", database_url);
    if !process::run(&mut cargo, interrupts)?.success() {
        bail!("the crates with SQL don't compile against the migrations");
    }
    Ok(())
}

/// Folders of the members whose sources use the macros.
fn packages_with_sql() -> Result<BTreeSet<PathBuf>> {
    let root = checkout::workspace_root();
    let mut packages = BTreeSet::new();
    for file in checkout::list_files(&root, "rs")? {
        let text = fs::read_to_string(&file)?;
        let checked = [
            "query!",
            "query_as!",
            "query_scalar!",
            "query_file!",
            "query_file_as!",
        ]
        .iter()
        .any(|name| text.contains(&format!("{name}(")));
        let package = file
            .ancestors()
            .find(|folder| folder.join("Cargo.toml").is_file());
        if checked && let Some(package) = package {
            packages.insert(package.to_path_buf());
        }
    }
    packages.remove(&root.join("xtask"));
    Ok(packages)
}

/// Makes cargo compile a package again: the macros' reading of a database is nothing that it sees.
fn touch_roots(package: &Path) -> Result<()> {
    for file in checkout::list_files(package, "rs")? {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let direct = file.parent().is_some_and(|dir| {
            ["tests", "benches", "examples"]
                .iter()
                .any(|kind| dir == package.join(kind))
        });
        if direct || name == "lib.rs" || name == "main.rs" {
            File::options()
                .append(true)
                .open(&file)?
                .set_modified(SystemTime::now())?;
        }
    }
    Ok(())
}

fn read_folder(dir: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let Ok(entries) = fs::read_dir(dir) else {
        return Ok(found);
    };
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            found.insert(name, fs::read_to_string(&path)?);
        }
    }
    Ok(found)
}

/// A line per statement that one side lacks or describes otherwise, with the beginning of its SQL.
fn compare(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<String> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| {
            let (what, text) = match (old.get(name), new.get(name)) {
                (None, Some(text)) => ("missing", text),
                (Some(text), None) => ("no longer used", text),
                (_, text) => ("described otherwise", text.unwrap_or(name)),
            };
            let query: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
            let query = query["query"]
                .as_str()
                .unwrap_or_default()
                .split_whitespace()
                .take(12);
            format!(
                "{what}: {name} ({} ..)",
                query.collect::<Vec<_>>().join(" ")
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced_and_its_options_stay() {
        for (url, expected) in [
            (
                "postgres://a:b@h:1/old?sslmode=require",
                "postgres://a:b@h:1/new?sslmode=require",
            ),
            ("postgres://h/old", "postgres://h/new"),
            ("postgres://h", "postgres://h/new"),
        ] {
            assert_eq!(with_database(url, "new").unwrap(), expected);
        }
    }

    #[test]
    fn stale_missing_and_unused_statements_are_named() {
        let folder = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect()
        };
        let old = folder(&[
            ("same", "{}"),
            ("gone", r#"{"query": "select 1"}"#),
            ("changed", "{}"),
        ]);
        let new = folder(&[
            ("same", "{}"),
            ("added", "{}"),
            ("changed", r#"{"query": "select 2"}"#),
        ]);
        let lines = compare(&old, &new);
        assert_eq!(
            lines,
            [
                "missing: added ( ..)",
                "described otherwise: changed (select 2 ..)",
                "no longer used: gone (select 1 ..)"
            ]
        );
    }
}
