//! The way out for a machine without servers and without apt: Postgres and Redis of `docker-compose.yml`.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Result, bail};

use crate::secrets;
use crate::signals::Interrupts;
use crate::state::State;
use crate::{checkout, ports, process, programs};

const NOTE: &str = "compose-project";

/// The two services of one compose project.
pub(crate) struct Containers {
    pub(crate) project: String,
    pub(crate) database_url: Option<String>,
    pub(crate) redis_url: Option<String>,
}

/// The project that an earlier run of this state began, whose data is then kept in use.
pub(crate) fn of(state: &State) -> Option<String> {
    state.note(NOTE)
}

/// Whether `docker compose` is there and an engine behind it.
pub(crate) fn engine_answers() -> bool {
    programs::succeeds("docker", &["compose", "version"]) && programs::succeeds("docker", &["info"])
}

/// Removes containers and volumes of the state in `dir`, where it has some.
pub(crate) fn forget(dir: &Path) {
    if let Ok(project) = fs::read_to_string(dir.join(NOTE)) {
        compose(project.trim())
            .args(["down", "--volumes"])
            .stderr(Stdio::null())
            .status()
            .ok();
    }
}

impl Containers {
    pub(crate) fn start(
        state: &State,
        wants_postgres: bool,
        wants_redis: bool,
        interrupts: &Interrupts,
    ) -> Result<Self> {
        let project = match of(state) {
            Some(project) => project,
            None => format!("vigie-{}", secrets::random_hex(4)?),
        };
        state.set_note(NOTE, &project)?;
        let (postgres_port, redis_port) = (ports::free(None)?, ports::free(None)?);
        let mut services = Vec::new();
        if wants_postgres {
            services.push("postgres");
        }
        if wants_redis {
            services.push("redis");
        }
        checkout::say(&format!(
            "starting {} in containers",
            services.join(" and ")
        ));
        let mut up = compose(&project);
        up.args(["up", "--detach", "--wait"])
            .args(&services)
            .env("VIGIE_POSTGRES_PORT", postgres_port.to_string())
            .env("VIGIE_REDIS_PORT", redis_port.to_string());
        let database = format!("postgres://vigie:vigie@127.0.0.1:{postgres_port}/vigie");
        let containers = Self {
            project,
            database_url: wants_postgres.then_some(database),
            redis_url: wants_redis.then(|| format!("redis://127.0.0.1:{redis_port}/0")),
        };
        let ended = process::run(&mut up, interrupts);
        if ended.as_ref().is_ok_and(ExitStatus::success) {
            return Ok(containers);
        }
        // Some of them may run already.
        containers.stop();
        ended?;
        bail!("docker compose could not start {}", services.join(" and "))
    }

    /// Stops the containers; their volumes stay.
    pub(crate) fn stop(&self) {
        compose(&self.project)
            .arg("stop")
            .stderr(Stdio::null())
            .status()
            .ok();
    }
}

fn compose(project: &str) -> Command {
    let mut command = Command::new("docker");
    command
        .arg("compose")
        .arg("-f")
        .arg(checkout::root().join("docker-compose.yml"))
        .args(["-p", project]);
    command
}
