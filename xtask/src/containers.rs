//! Postgres and Redis of `xtask/servers.yml`, for a machine without servers and without apt.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Result, bail};

use crate::secrets;
use crate::signals::Interrupts;
use crate::state::State;
use crate::{checkout, ports, process, programs};

/// The name under which the state stores the project.
const PROJECT_NOTE: &str = "compose-project";

/// The two services of one compose project.
pub(crate) struct Containers {
    pub(crate) project: String,
    pub(crate) database_url: Option<String>,
    pub(crate) redis_url: Option<String>,
}

/// Returns the project that an earlier run of this state started. Its data is used again.
pub(crate) fn find_project(state: &State) -> Option<String> {
    state.note(PROJECT_NOTE)
}

/// Whether `docker compose` is installed and its engine runs.
pub(crate) fn engine_answers() -> bool {
    programs::exits_with_success("docker", &["compose", "version"])
        && programs::exits_with_success("docker", &["info"])
}

/// Removes the containers and volumes of the state in `dir`, if any.
pub(crate) fn remove_containers(dir: &Path) {
    if let Ok(project) = fs::read_to_string(dir.join(PROJECT_NOTE)) {
        compose_command(project.trim())
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
        let project = match find_project(state) {
            Some(project) => project,
            None => format!("vigie-{}", secrets::random_hex(4)?),
        };
        state.set_note(PROJECT_NOTE, &project)?;
        let (postgres_port, redis_port) =
            (ports::find_free_port(None)?, ports::find_free_port(None)?);
        let mut services = Vec::new();
        if wants_postgres {
            services.push("postgres");
        }
        if wants_redis {
            services.push("redis");
        }
        checkout::report_progress(&format!(
            "starting {} in containers",
            services.join(" and ")
        ));
        let mut up = compose_command(&project);
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
        let exited = process::run(&mut up, interrupts);
        if exited.as_ref().is_ok_and(ExitStatus::success) {
            return Ok(containers);
        }
        // Some of the containers may have started.
        containers.stop();
        exited?;
        bail!("docker compose could not start {}", services.join(" and "))
    }

    /// Stops the containers and keeps their volumes.
    pub(crate) fn stop(&self) {
        compose_command(&self.project)
            .arg("stop")
            .stderr(Stdio::null())
            .status()
            .ok();
    }
}

fn compose_command(project: &str) -> Command {
    let mut command = Command::new("docker");
    command
        .arg("compose")
        .arg("-f")
        .arg(checkout::workspace_root().join("xtask/servers.yml"))
        .args(["-p", project]);
    command
}
