//! `cargo xtask lint`: every check that needs no running product. All checks run before it reports.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::signals::{Interrupted, Interrupts};
use crate::{checkout, process, programs, rules, sqlx};

pub(crate) const HELP: &str = "\
usage: cargo xtask lint

Checks the format, clippy with warnings denied, the documentation, the rules on the sources, the freshness
of .sqlx, and, where they are installed, cargo deny, cargo machete, promtool and docker compose.";

/// # Errors
/// Where a check can't be started or a signal comes.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    if !args.is_empty() {
        bail!("{HELP}");
    }
    let interrupts = Interrupts::listen()?;
    let mut failed: Vec<&str> = Vec::new();
    let mut note = |name: &'static str, outcome: Result<()>| match outcome {
        Err(error) if error.is::<Interrupted>() => Err(error),
        Err(error) => {
            eprintln!("error: {error:#}");
            failed.push(name);
            Ok(())
        }
        Ok(()) => Ok(()),
    };
    note("rules", rules::check_sources())?;
    for (name, args) in ALWAYS {
        note(name, tool(name, "cargo", args, &interrupts))?;
    }
    checkout::report_progress(".sqlx");
    note(".sqlx", sqlx::refresh_statements(true, &interrupts))?;
    for (name, program, args, probe) in WHERE_INSTALLED {
        if programs::exits_with_success(program, probe) {
            note(name, tool(name, program, args, &interrupts))?;
        } else {
            checkout::report_progress(&format!("{name}: {program} can't do this here, left out"));
        }
    }
    if failed.is_empty() {
        checkout::report_progress("lint passed");
        return Ok(ExitCode::SUCCESS);
    }
    checkout::report_progress(&format!("lint failed: {}", failed.join(", ")));
    Ok(ExitCode::FAILURE)
}

fn tool(name: &str, program: &str, args: &[&str], interrupts: &Interrupts) -> Result<()> {
    checkout::report_progress(name);
    let mut command = process::tool_command(program);
    command
        .args(args)
        .env("RUSTDOCFLAGS", "-D warnings")
        .current_dir(checkout::workspace_root());
    if !process::run(&mut command, interrupts)?.success() {
        bail!("{name} failed");
    }
    Ok(())
}

/// Checks by cargo's own tools: name and arguments.
const ALWAYS: [(&str, &[&str]); 3] = [
    ("format", &["fmt", "--all", "--check"]),
    (
        "clippy",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
            // Also checks what only `fuzz/` calls. Every crate is compiled as often as before.
            "--cfg",
            "fuzzing",
        ],
    ),
    ("documentation", &["doc", "--workspace", "--no-deps"]),
];

/// Checks by tools that not every machine has: name, program, arguments, and the probe for the
/// tool.
const WHERE_INSTALLED: [(&str, &str, &[&str], &[&str]); 5] = [
    (
        "deny",
        "cargo",
        &["deny", "--offline", "check", "licenses", "bans", "sources"],
        &["deny", "--version"],
    ),
    ("machete", "cargo", &["machete"], &["machete", "--version"]),
    (
        "compose",
        "docker",
        &["compose", "config", "--quiet"],
        &["compose", "version"],
    ),
    (
        "alert rules",
        "promtool",
        &["test", "rules", "grafana/alerts.test.yml"],
        &["--version"],
    ),
    (
        "prometheus.yml",
        "promtool",
        &["check", "config", "--syntax-only", "grafana/prometheus.yml"],
        &["--version"],
    ),
];
