//! Getting the servers where the machine lacks them: Debian's packages, else words on what to install.

use std::process::Command;

use anyhow::Result;

use crate::signals::Interrupts;
use crate::{checkout, process, programs};

/// Installs what is wanted and missing by apt; `false` where there is no apt or no right to use it.
pub(crate) fn with_apt(
    wants_postgres: bool,
    wants_redis: bool,
    interrupts: &Interrupts,
) -> Result<bool> {
    if programs::find("apt-get").is_none() {
        return Ok(false);
    }
    let Some(mut prefix) = right_to_install()? else {
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
    checkout::say(&format!("installing {} (apt-get)", packages.join(" and ")));
    let apt = |args: &[&str]| -> Result<bool> {
        let mut command = Command::new(prefix[0]);
        command.args(&prefix[1..]).args(args);
        Ok(process::run(&mut command, interrupts)?.success())
    };
    // A list that can't be refreshed may still name packages that can be fetched.
    if !apt(&["update"])? {
        checkout::say("apt-get update failed; trying with the lists that are there");
    }
    let mut install = vec!["install", "--no-install-recommends"];
    install.extend(&packages);
    if !apt(&install)? {
        checkout::say(&format!(
            "apt-get could not install {}",
            packages.join(" and ")
        ));
        return Ok(false);
    }
    checkout::say(
        "should these packages have started servers of their own, they are not used and not touched",
    );
    Ok(true)
}

/// What goes before apt-get: nothing for root, `sudo -n` where it asks for no password.
fn right_to_install() -> Result<Option<Vec<&'static str>>> {
    if programs::is_root()? {
        return Ok(Some(Vec::new()));
    }
    let sudo = programs::find("sudo").is_some() && programs::succeeds("sudo", &["-n", "true"]);
    Ok(sudo.then(|| vec!["sudo", "-n"]))
}

/// What to do by hand.
pub(crate) fn instructions(wants_postgres: bool, wants_redis: bool) -> String {
    let mut lines = Vec::new();
    if wants_postgres && programs::postgres_versions().is_empty() {
        lines.push("  Postgres 15 or newer (Debian: postgresql), or set DATABASE_URL to a database of yours");
    }
    if wants_redis && programs::redis_server().is_none() {
        lines.push(
            "  Redis 7 or newer (Debian: redis-server), or set REDIS_URL to a server of yours",
        );
    }
    format!(
        "this needs what the machine lacks; install, or start Docker:\n{}",
        lines.join("\n")
    )
}
