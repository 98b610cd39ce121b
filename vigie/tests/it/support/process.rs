//! One process of the executable.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::process::{Child, Command};

/// The sub-commands that run until they are stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Api,
    Worker,
    Scheduler,
    All,
}

impl Role {
    fn command(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Worker => "worker",
            Self::Scheduler => "scheduler",
            Self::All => "all",
        }
    }
}

/// Runs until it is killed, terminated or dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) role: Role,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it with `env` as its whole environment.
    pub(crate) fn start(role: Role, env: &[(&str, String)], log: PathBuf) -> Self {
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        let child = command(role.command(), env)
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { role, child, log }
    }

    /// While it runs.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("the process runs")
    }

    /// SIGKILL; returns once the process is gone.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let id = self.id().to_string();
        // Through the shell's own `kill`: the standard library sends SIGKILL alone.
        let sent = std::process::Command::new("sh")
            .args(["-c", "kill -TERM \"$1\"", "sh", &id])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    pub(crate) async fn wait_for_exit(&mut self) -> ExitStatus {
        self.child.wait().await.unwrap()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn log(&self) -> String {
        read(&self.log)
    }
}

fn read(log: &Path) -> String {
    std::fs::read_to_string(log).unwrap_or_default()
}

/// The executable with a sub-command, its output ready to be taken.
pub(crate) fn command(argument: &str, env: &[(&str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigie"));
    command
        .arg(argument)
        .env_clear()
        .envs(env.iter().map(|(key, value)| (key, value)))
        .stdin(Stdio::null());
    command
}
