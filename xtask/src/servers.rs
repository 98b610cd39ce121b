//! Postgres and Redis for a command: the user's where the environment names them, else private
//! ones, stopped when this is dropped.

use anyhow::{Context as _, Result, bail};

use crate::checkout::{read_setting, report_progress};
use crate::containers::{self, Containers};
use crate::process::Server;
use crate::secrets::Secrets;
use crate::signals::Interrupts;
use crate::state::State;
use crate::{install, postgres, programs, redis};

/// What the servers are for, which sets how much they care for durability.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Durable,
    Tests,
}

/// Which of the two servers a command needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Postgres,
    Both,
}

/// The servers of one run, and every other child that stops with them.
pub(crate) struct Servers {
    pub(crate) database_url: String,
    pub(crate) redis_url: String,
    /// Where the data lies, a line per server, for the user to read.
    pub(crate) data: Vec<String>,
    pub(crate) private_database: bool,
    pub(crate) children: Vec<Server>,
    containers: Option<Containers>,
    pub(crate) interrupts: Interrupts,
    // Last, so that its folder goes after those who write into it.
    pub(crate) state: State,
}

/// Finds or starts what a command needs.
pub(crate) fn start_servers(
    state: State,
    purpose: Purpose,
    need: Need,
    interrupts: &Interrupts,
) -> Result<Servers> {
    let database_url = read_setting("DATABASE_URL");
    let redis_url = read_setting("REDIS_URL");
    let wants_postgres = database_url.is_none();
    let wants_redis = redis_url.is_none() && need == Need::Both;
    let mut servers = Servers {
        database_url: database_url.unwrap_or_default(),
        redis_url: redis_url.unwrap_or_default(),
        data: Vec::new(),
        private_database: wants_postgres,
        children: Vec::new(),
        containers: None,
        interrupts: interrupts.clone(),
        state,
    };
    if !wants_postgres {
        servers.data.push("Postgres: your DATABASE_URL".to_owned());
    }
    if need == Need::Both && !wants_redis {
        servers.data.push("Redis: your REDIS_URL".to_owned());
    }
    if !(wants_postgres || wants_redis) {
        return Ok(servers);
    }
    if let Some(project) = containers::find_project(&servers.state) {
        if !containers::engine_answers() {
            bail!(
                "the data is in docker's project {project}, and docker doesn't answer: start it, or use --fresh"
            );
        }
        servers.start_containers(wants_postgres, wants_redis)?;
        return Ok(servers);
    }
    let here = || {
        (!wants_postgres || !programs::postgres_versions().is_empty())
            && (!wants_redis || programs::redis_server().is_some())
    };
    if here() || (install::with_apt(wants_postgres, wants_redis, interrupts)? && here()) {
        servers.start_private(purpose, wants_postgres, wants_redis)?;
    } else if containers::engine_answers() {
        servers.start_containers(wants_postgres, wants_redis)?;
    } else {
        bail!("{}", install::describe_install(wants_postgres, wants_redis));
    }
    Ok(servers)
}

impl Servers {
    fn start_private(
        &mut self,
        purpose: Purpose,
        wants_postgres: bool,
        wants_redis: bool,
    ) -> Result<()> {
        let mut secrets = Secrets::open(&self.state);
        if wants_postgres {
            report_progress("starting a private Postgres");
            let running =
                postgres::start_postgres(&self.state, &mut secrets, purpose, &self.interrupts)
                    .context("no private Postgres")?;
            self.children.push(running.server);
            self.database_url = running.url;
            self.data
                .push(format!("Postgres: {}", running.data.display()));
        }
        if wants_redis {
            report_progress("starting a private Redis");
            let running = redis::start_redis(&self.state, &mut secrets, &self.interrupts)
                .context("no private Redis")?;
            self.children.push(running.server);
            self.redis_url = running.url;
            self.data
                .push(format!("Redis: {}", redis::data_folder(&self.state)));
        }
        Ok(())
    }

    fn start_containers(&mut self, wants_postgres: bool, wants_redis: bool) -> Result<()> {
        let containers =
            Containers::start(&self.state, wants_postgres, wants_redis, &self.interrupts)?;
        if let Some(url) = &containers.database_url {
            self.database_url.clone_from(url);
        }
        if let Some(url) = &containers.redis_url {
            self.redis_url.clone_from(url);
        }
        self.data.push(format!(
            "volumes of the docker compose project {}",
            containers.project
        ));
        self.containers = Some(containers);
        Ok(())
    }

    /// Fails where one of the children has ended by itself.
    pub(crate) fn must_live(&mut self) -> Result<()> {
        for child in &mut self.children {
            if let Some(status) = child.ended()? {
                let log = self
                    .state
                    .dir
                    .join("log")
                    .join(format!("{}.log", child.name));
                bail!(
                    "{} ended ({status}); the end of its log:\n{}",
                    child.name,
                    postgres::last_lines(&log)
                );
            }
        }
        Ok(())
    }

    /// Adds a child that stops before all earlier ones.
    pub(crate) fn add(&mut self, server: Server) -> Result<()> {
        let (name, pid) = (server.name, server.pid());
        self.children.push(server);
        self.state.record_child(name, pid)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        while let Some(child) = self.children.pop() {
            drop(child);
        }
        if let Some(containers) = &self.containers {
            containers.stop();
        }
        self.state.clear_children();
    }
}
