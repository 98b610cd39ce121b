//! The folder under `.vigie/` that one run owns, its lock and its list of children.
//!
//! `up` keeps `.vigie/up`, or `.vigie/up-NAME` where it is given a name; `test`, `sqlx` and `bench` each take a
//! `.vigie/run-<pid>` and remove it. The lock is the kernel's, so it ends with its holder; a folder whose lock
//! is free was left by a killed run, and the children it lists are stopped before anything else.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use std::os::unix::fs::OpenOptionsExt as _;

use anyhow::{Context, Result, bail};

use crate::{checkout, containers, process};

/// A run's folder, locked while this lives.
pub(crate) struct State {
    pub(crate) dir: PathBuf,
    passing: bool,
    _lock: File,
}

impl State {
    /// The folder that the `up` of that name keeps from run to run.
    pub(crate) fn lasting(name: Option<&str>) -> Result<Self> {
        let _gate = sweep()?;
        let suffix = name.map(|name| format!("-{name}")).unwrap_or_default();
        let dir = checkout::root().join(format!(".vigie/up{suffix}"));
        let Some(lock) = lock(&dir)? else {
            bail!(
                "`cargo xtask up` runs already in this checkout, with its data in {}\n\
                 stop it with Ctrl-C there, or start another beside it with --name and ports of its own",
                dir.display()
            );
        };
        stop_leftovers(&dir);
        Ok(Self {
            dir,
            passing: false,
            _lock: lock,
        })
    }

    /// A folder for this run only, removed when it is dropped.
    pub(crate) fn passing() -> Result<Self> {
        let _gate = sweep()?;
        let dir = checkout::root().join(format!(".vigie/run-{}", std::process::id()));
        let lock = lock(&dir)?.with_context(|| format!("{} is in use", dir.display()))?;
        Ok(Self {
            dir,
            passing: true,
            _lock: lock,
        })
    }

    pub(crate) fn is_passing(&self) -> bool {
        self.passing
    }

    /// Removes all that an earlier run kept; the lock stays.
    pub(crate) fn forget(&self) -> Result<()> {
        containers::forget(&self.dir);
        empty(&self.dir)
    }

    /// A folder in it, made where missing.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let dir = self.dir.join(name);
        fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
        Ok(dir)
    }

    /// A small fact that an earlier run noted.
    pub(crate) fn note(&self, name: &str) -> Option<String> {
        let text = fs::read_to_string(self.dir.join(name)).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    pub(crate) fn set_note(&self, name: &str, value: &str) -> Result<()> {
        fs::write(self.dir.join(name), format!("{value}\n"))
            .with_context(|| format!("noting {name}"))
    }

    /// Writes down a child, so that the next run can stop it if this one can't.
    pub(crate) fn record_child(&self, name: &str, pid: u32) -> Result<()> {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.dir.join("pids"))?;
        writeln!(file, "{name} {pid} {}", started_at(pid).unwrap_or_default())?;
        Ok(())
    }

    /// Says that every recorded child has ended.
    pub(crate) fn clear_children(&self) {
        fs::remove_file(self.dir.join("pids")).ok();
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if self.passing {
            remove(&self.dir);
        }
    }
}

/// A file that only its owner reads.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("writing {}", path.display()))?;
    file.write_all(text.as_bytes())?;
    Ok(())
}

fn lock(dir: &Path) -> Result<Option<File>> {
    let file = lock_file(dir)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).context("locking the state folder"),
    }
}

fn lock_file(dir: &Path) -> Result<File> {
    fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
    let path = dir.join("lock");
    File::create(&path).with_context(|| format!("creating {}", path.display()))
}

/// Removes the folders of passing runs that were killed, their children first.
///
/// Gives the lock of all the folders: while it is held, a folder that another command has made and not yet
/// locked is taken for no killed run's.
fn sweep() -> Result<File> {
    let all = checkout::root().join(".vigie");
    let gate = lock_file(&all)?;
    gate.lock().context("locking .vigie")?;
    for entry in fs::read_dir(&all)? {
        let dir = entry?.path();
        let name = dir
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        // One that ends by itself removes its folder at any moment.
        if name.starts_with("run-") && dir.is_dir() && lock(&dir).is_ok_and(|lock| lock.is_some()) {
            stop_leftovers(&dir);
            remove(&dir);
        }
    }
    Ok(gate)
}

fn remove(dir: &Path) {
    containers::forget(dir);
    empty(dir).ok();
    fs::remove_dir_all(dir).ok();
}

fn empty(dir: &Path) -> Result<()> {
    // Postgres' data may lie outside, in the system's temporary folder.
    if let Ok(outside) = fs::read_to_string(dir.join("postgres-dir")) {
        fs::remove_dir_all(outside.trim()).ok();
    }
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(&path).with_context(|| format!("removing {}", path.display()))?;
        } else if path.file_name().is_some_and(|name| name != "lock") {
            fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
        }
    }
    Ok(())
}

/// Stops what a killed run left behind, last started first.
fn stop_leftovers(dir: &Path) {
    let Ok(text) = fs::read_to_string(dir.join("pids")) else {
        return;
    };
    for line in text.lines().rev() {
        let mut words = line.splitn(3, ' ');
        let (Some(name), Some(pid)) = (words.next(), words.next().and_then(|pid| pid.parse().ok()))
        else {
            continue;
        };
        let start = words.next().unwrap_or_default();
        // A number that another process has got since is left alone.
        let alive = || !start.is_empty() && started_at(pid).is_some_and(|now| now == start);
        if !alive() {
            continue;
        }
        checkout::say(&format!(
            "stopping {name} (process {pid}), left by a run that was killed"
        ));
        process::signal(pid, if name == "postgres" { "INT" } else { "TERM" });
        let since = Instant::now();
        while alive() && since.elapsed() < Duration::from_secs(30) {
            thread::sleep(Duration::from_millis(100));
        }
        if alive() {
            process::signal_group(pid, "KILL");
        }
    }
    fs::remove_file(dir.join("pids")).ok();
}

/// When a living process was started, in whatever unit the system has; `None` where it has ended.
fn started_at(pid: u32) -> Option<String> {
    if let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The name, in brackets, may hold blanks. After it come the state and, as the 20th word, the start.
        let mut words = stat.rsplit_once(')')?.1.split_whitespace();
        let state = words.next()?;
        return (state != "Z").then(|| words.nth(18).unwrap_or_default().to_owned());
    }
    if Path::new("/proc/self").exists() {
        return None;
    }
    let mut ps = std::process::Command::new("ps");
    process::output(ps.args(["-o", "lstart=", "-p", &pid.to_string()])).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_start_and_a_dead_one_by_nothing() {
        assert_eq!(
            started_at(std::process::id()),
            started_at(std::process::id())
        );
        assert!(started_at(std::process::id()).is_some_and(|start| !start.is_empty()));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        assert_eq!(started_at(pid), None);
    }

    #[test]
    fn a_private_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let path = std::env::temp_dir().join(format!("xtask-private-{}", std::process::id()));
        write_private(&path, "secret").unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::remove_file(path).unwrap();
    }
}
