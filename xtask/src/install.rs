//! Installs missing servers from Debian's packages, or lists what to install by hand.

use std::process::Command;

use anyhow::Result;

use crate::signals::Interrupts;
use crate::{checkout, process, programs};

/// Installs what is missing with apt. Returns `false` without apt or without the right to use it.
pub(crate) fn with_apt(
    wants_postgres: bool,
    wants_redis: bool,
    interrupts: &Interrupts,
) -> Result<bool> {
    if programs::find_program("apt-get").is_none() {
        return Ok(false);
    }
    let Some(mut prefix) = find_root_prefix()? else {
        return Ok(false);
    };
    prefix.extend([
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-q",
        "-y",
    ]);
    let mut packages = Vec::new();
    if wants_postgres && programs::postgres_versions().is_empty() {
        packages.push("postgresql");
    }
    if wants_redis && programs::redis_server().is_none() {
        packages.push("redis-server");
    }
    if packages.is_empty() {
        return Ok(true);
    }
    checkout::report_progress(&format!("installing {} (apt-get)", packages.join(" and ")));
    let apt = |args: &[&str]| -> Result<bool> {
        let mut command = Command::new(prefix[0]);
        command.args(&prefix[1..]).args(args);
        Ok(process::run(&mut command, interrupts)?.success())
    };
    // An outdated package list may still contain packages that can be fetched.
    if !apt(&["update"])? {
        checkout::report_progress(
            "apt-get update failed; continuing with the existing package lists",
        );
    }
    let mut install = vec!["install", "--no-install-recommends"];
    install.extend(&packages);
    if !apt(&install)? {
        checkout::report_progress(&format!(
            "apt-get could not install {}",
            packages.join(" and ")
        ));
        return Ok(false);
    }
    checkout::report_progress(
        "servers that these packages may have started are neither used nor stopped",
    );
    Ok(true)
}

/// Returns the prefix that runs a command as root: nothing for root, `sudo -n` where sudo needs no
/// password, `None` otherwise.
fn find_root_prefix() -> Result<Option<Vec<&'static str>>> {
    if programs::is_root()? {
        return Ok(Some(Vec::new()));
    }
    let sudo = programs::find_program("sudo").is_some()
        && programs::exits_with_success("sudo", &["-n", "true"]);
    Ok(sudo.then(|| vec!["sudo", "-n"]))
}

/// Returns what to install by hand.
pub(crate) fn describe_install(wants_postgres: bool, wants_redis: bool) -> String {
    let mut lines = Vec::new();
    if wants_postgres && programs::postgres_versions().is_empty() {
        lines.push(
            "  Postgres 15 or newer (Debian: postgresql), or set DATABASE_URL to your own database",
        );
    }
    if wants_redis && programs::redis_server().is_none() {
        lines
            .push("  Redis 7 or newer (Debian: redis-server), or set REDIS_URL to your own server");
    }
    format!(
        "servers are missing; start Docker, or install:\n{}",
        lines.join("\n")
    )
}
