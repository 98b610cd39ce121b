//! `cargo xtask test`: every test of the workspace against a real Postgres and Redis.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use crate::checkout::{read_setting, report_progress, workspace_root};
use crate::servers::{self, Need, Purpose};
use crate::signals::Interrupts;
use crate::state::State;
use crate::{process, programs};

pub(crate) const HELP: &str = "\
usage: cargo xtask test [args]

Runs every test of the workspace with cargo-nextest where it is installed, else with cargo test.
Args go to that runner: `cargo xtask test -p domain`, `cargo xtask test reimporting`.
Uses DATABASE_URL (a role that may create databases) and REDIS_URL where they are set; otherwise starts
private servers on free ports for the time of the run.";

/// # Errors
/// Where the servers can't be had or a signal comes.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let servers =
        servers::start_servers(State::passing()?, Purpose::Tests, Need::Both, &interrupts)?;
    let mut cargo = process::tool_command("cargo");
    if programs::exits_with_success("cargo", &["nextest", "--version"]) {
        cargo.args(["nextest", "run"]);
    } else {
        cargo.arg("test");
    }
    if !args
        .iter()
        .any(|arg| matches!(arg.as_str(), "-p" | "--package" | "--workspace"))
    {
        // The benchmarks hold no test, and take long to build.
        cargo.args(["--workspace", "--exclude", "bench"]);
    }
    cargo
        .args(args)
        .env("DATABASE_URL", &servers.database_url)
        .env("REDIS_URL", &servers.redis_url);
    if servers.private_database {
        // An empty database can't check the statements: the committed .sqlx does.
        cargo.env("SQLX_OFFLINE", "true");
    }
    let data = data_sets();
    if let Some(folder) = &data {
        cargo.env("VIGIE_TEST_DATA", folder);
    }
    let status = process::run(&mut cargo, &interrupts)?;
    if data.is_none() {
        report_progress(
            "left out: what is measured against real sales (no ../shared/data; VIGIE_TEST_DATA names another folder)",
        );
    }
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Where the real sales lie that tests measure themselves against.
fn data_sets() -> Option<PathBuf> {
    let beside =
        || Some(workspace_root().parent()?.join("shared/data")).filter(|folder| folder.is_dir());
    read_setting("VIGIE_TEST_DATA")
        .map(PathBuf::from)
        .or_else(beside)
}
