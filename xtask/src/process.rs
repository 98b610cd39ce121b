//! Children: servers in process groups of their own, that die with us, and tools in the foreground.
//!
//! A server never outlives xtask: it is stopped in order where xtask ends by itself, gets a signal from
//! the kernel where xtask is killed (`setpriv --pdeathsig`, Linux), and is found by its line in the
//! `pids` file by the next run where neither happened.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use std::os::unix::process::CommandExt;

use anyhow::{Context, Result, bail};

use crate::programs;
use crate::signals::{Interrupted, Interrupts};

const POLL: Duration = Duration::from_millis(50);

/// What stops a server: SIGINT is Postgres' fast shutdown, SIGTERM everyone else's graceful one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopSignal {
    Int,
    Term,
}

impl StopSignal {
    fn name(self) -> &'static str {
        match self {
            Self::Int => "INT",
            Self::Term => "TERM",
        }
    }
}

/// Another user of the machine, for programs that refuse to run as root.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// How long a server may take to stop in order.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that we started; dropping it stops it.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    child: Child,
    stop_signal: StopSignal,
    interrupts: Interrupts,
}

/// A command that gets `signal` from the kernel when we die, as `user` if one is given.
pub(crate) fn command(program: &Path, signal: StopSignal, user: Option<&User>) -> Command {
    let mut command = match programs::with_death_signal() {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command
                .args(["--pdeathsig", signal.name(), "--"])
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
    /// Starts `command` (made by [`command`]) in its own process group with its output in `log`.
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

    /// The exit status, once it has ended by itself.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child
            .try_wait()
            .with_context(|| format!("looking at {}", self.name))
    }

    fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    /// Stops it in order; after 30 s, or where the user asks once more, without mercy.
    fn drop(&mut self) {
        if !self.runs() {
            return;
        }
        let asked_before = self.interrupts.count().max(1);
        signal(self.child.id(), self.stop_signal.name());
        let since = Instant::now();
        while self.runs() && since.elapsed() < PATIENCE && self.interrupts.count() <= asked_before {
            thread::sleep(POLL);
        }
        if self.runs() {
            signal_group(
                self.child.id(),
                if self.stop_signal == StopSignal::Int {
                    "QUIT"
                } else {
                    "KILL"
                },
            );
        }
        let since = Instant::now();
        while self.runs() && since.elapsed() < Duration::from_secs(5) {
            thread::sleep(POLL);
        }
        if self.runs() {
            signal_group(self.child.id(), "KILL");
            self.child.wait().ok();
        }
    }
}

/// A tool of PATH for the foreground, that ends when we are killed.
pub(crate) fn tool(name: &str) -> Command {
    command(Path::new(name), StopSignal::Term, None)
}

/// Runs a tool in the foreground and waits for it. A signal to us ends the tool first.
pub(crate) fn run(command: &mut Command, interrupts: &Interrupts) -> Result<ExitStatus> {
    interrupts.check()?;
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .spawn()
        .with_context(|| format!("starting {name}"))?;
    let mut asked_at: Option<Instant> = None;
    let mut told = false;
    loop {
        if let Some(status) = child.try_wait()? {
            if interrupts.count() > 0 {
                return Err(Interrupted.into());
            }
            return Ok(status);
        }
        if interrupts.count() > 0 {
            // The terminal sends Ctrl-C to the tool as well; a signal to us alone is passed on.
            let since = *asked_at.get_or_insert_with(Instant::now);
            if !told && since.elapsed() > Duration::from_millis(500) {
                signal(child.id(), "TERM");
                told = true;
            }
            if since.elapsed() > Duration::from_secs(20) || interrupts.count() > 2 {
                child.kill().ok();
            }
        }
        thread::sleep(POLL);
    }
}

/// Runs a short tool to its end and returns what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
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
pub(crate) fn signal(pid: u32, name: &str) {
    kill(name, &pid.to_string());
}

/// Sends a signal to the process group that `pid` leads.
pub(crate) fn signal_group(pid: u32, name: &str) {
    kill(name, &format!("-{pid}"));
}

/// Through the shell's own `kill`: the standard library has none for another process's signals.
fn kill(name: &str, target: &str) {
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

/// Waits until `done` says so; fails after `limit`, when a signal comes or when `done` fails.
pub(crate) fn wait_until(
    what: &str,
    limit: Duration,
    interrupts: &Interrupts,
    mut done: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let since = Instant::now();
    while !done()? {
        interrupts.check()?;
        if since.elapsed() > limit {
            bail!("{what} took more than {} s", limit.as_secs());
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
