//! Child processes: servers in their own process groups, and tools in the foreground.
//!
//! A server never outlives xtask. It is stopped in order when xtask exits. If xtask is killed, the
//! kernel signals the server (`setpriv --pdeathsig`, Linux). Otherwise the next run finds it in the
//! `pids` file.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use std::os::unix::process::CommandExt;

use anyhow::{Context, Result, bail};

use crate::programs;
use crate::signals::{Interrupted, Interrupts};

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The signal that stops a server in order: SIGINT for Postgres, SIGTERM for all others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopSignal {
    Int,
    Term,
}

impl StopSignal {
    fn kill_name(self) -> &'static str {
        match self {
            Self::Int => "INT",
            Self::Term => "TERM",
        }
    }
}

/// Another user of the machine, for programs that reject root.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// How long a server may take to stop in order.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// A server that xtask started. Dropping it stops it.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    child: Child,
    stop_signal: StopSignal,
    interrupts: Interrupts,
}

/// Builds a command that the kernel signals when xtask is killed. It runs as `user`, if any.
pub(crate) fn server_command(program: &Path, signal: StopSignal, user: Option<&User>) -> Command {
    let mut command = match programs::find_setpriv() {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command
                .args(["--pdeathsig", signal.kill_name(), "--"])
                .arg(program);
            command
        }
        None => Command::new(program),
    };
    if let Some(user) = user {
        command
            .uid(user.uid)
            .gid(user.gid)
            .env("HOME", "/nonexistent")
            .env("USER", &user.name);
    }
    command
}

impl Server {
    /// Starts `command` (built by [`server_command`]) in its own process group, with its output in
    /// `log`.
    pub(crate) fn start(
        name: &'static str,
        mut command: Command,
        log: &Path,
        stop_signal: StopSignal,
        interrupts: &Interrupts,
    ) -> Result<Self> {
        let log = File::create(log).with_context(|| format!("creating {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .env("NO_COLOR", "1")
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        Ok(Self {
            name,
            child,
            stop_signal,
            interrupts: interrupts.clone(),
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the exit status once the server has exited.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child
            .try_wait()
            .with_context(|| format!("reading the status of {}", self.name))
    }

    fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    /// Stops the server in order. After 30 s or a further signal to xtask, stops it at once.
    fn drop(&mut self) {
        if !self.is_running() {
            return;
        }
        let signals_before = self.interrupts.count().max(1);
        send_signal(self.child.id(), self.stop_signal.kill_name());
        let since = Instant::now();
        while self.is_running()
            && since.elapsed() < STOP_TIMEOUT
            && self.interrupts.count() <= signals_before
        {
            thread::sleep(POLL_INTERVAL);
        }
        if self.is_running() {
            send_group_signal(
                self.child.id(),
                if self.stop_signal == StopSignal::Int {
                    "QUIT"
                } else {
                    "KILL"
                },
            );
        }
        let since = Instant::now();
        while self.is_running() && since.elapsed() < Duration::from_secs(5) {
            thread::sleep(POLL_INTERVAL);
        }
        if self.is_running() {
            send_group_signal(self.child.id(), "KILL");
            self.child.wait().ok();
        }
    }
}

/// Builds a command for a tool of PATH that ends when xtask is killed.
pub(crate) fn tool_command(name: &str) -> Command {
    server_command(Path::new(name), StopSignal::Term, None)
}

/// Runs a tool in the foreground and waits for it. A signal to xtask ends the tool first.
pub(crate) fn run(command: &mut Command, interrupts: &Interrupts) -> Result<ExitStatus> {
    interrupts.require_none()?;
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .spawn()
        .with_context(|| format!("starting {name}"))?;
    let mut interrupted_at: Option<Instant> = None;
    let mut signal_sent = false;
    loop {
        if let Some(status) = child.try_wait()? {
            if interrupts.count() > 0 {
                return Err(Interrupted.into());
            }
            return Ok(status);
        }
        if interrupts.count() > 0 {
            // The terminal sends Ctrl-C to the tool as well; a signal to xtask alone is passed on.
            let since = *interrupted_at.get_or_insert_with(Instant::now);
            if !signal_sent && since.elapsed() > Duration::from_millis(500) {
                send_signal(child.id(), "TERM");
                signal_sent = true;
            }
            if since.elapsed() > Duration::from_secs(20) || interrupts.count() > 2 {
                child.kill().ok();
            }
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// Runs a short tool and returns its standard output.
pub(crate) fn read_output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting {name}"))?;
    if !out.status.success() {
        bail!(
            "{name} failed: {}",
            String::from_utf8_lossy(&out.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// Sends a signal to one process.
pub(crate) fn send_signal(pid: u32, name: &str) {
    run_kill(name, &pid.to_string());
}

/// Sends a signal to the process group that `pid` leads.
pub(crate) fn send_group_signal(pid: u32, name: &str) {
    run_kill(name, &format!("-{pid}"));
}

/// Uses the shell's `kill`, because the standard library cannot signal other processes.
fn run_kill(name: &str, target: &str) {
    Command::new("sh")
        .args([
            "-c",
            "kill -s \"$1\" -- \"$2\" 2>/dev/null",
            "sh",
            name,
            target,
        ])
        .stdin(Stdio::null())
        .status()
        .ok();
}

/// Waits until `done` returns true. Fails after `limit`, on a signal, or when `done` fails.
pub(crate) fn wait_until(
    what: &str,
    limit: Duration,
    interrupts: &Interrupts,
    mut done: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let since = Instant::now();
    while !done()? {
        interrupts.require_none()?;
        if since.elapsed() > limit {
            bail!("{what} took more than {} s", limit.as_secs());
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
