//! The folder under `.vigie/` that one run owns, its lock and its list of children.
//!
//! `up` keeps `.vigie/up`, or `.vigie/up-NAME` with `--name`. `test`, `sqlx` and `bench` create a
//! `.vigie/run-<pid>` each and remove it. The kernel releases the lock when its holder exits. A
//! folder with a free lock belongs to a killed run, and its listed children are stopped first.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use std::os::unix::fs::OpenOptionsExt as _;

use anyhow::{Context, Result, bail};

use crate::{checkout, containers, process};

/// The folder of a run, locked until this value is dropped.
pub(crate) struct State {
    pub(crate) dir: PathBuf,
    passing: bool,
    _lock: File,
}

impl State {
    /// Locks the folder that the `up` of this name keeps between runs.
    pub(crate) fn lasting(name: Option<&str>) -> Result<Self> {
        let _gate = remove_killed_runs()?;
        let suffix = name.map(|name| format!("-{name}")).unwrap_or_default();
        let dir = checkout::workspace_root().join(format!(".vigie/up{suffix}"));
        let Some(lock) = try_lock_folder(&dir)? else {
            bail!(
                "`cargo xtask up` already runs in this checkout, with its data in {}\n\
                 stop it there with Ctrl-C, or start another one with --name and its own ports",
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

    /// Creates and locks a folder for this run only, removed on drop.
    pub(crate) fn passing() -> Result<Self> {
        let _gate = remove_killed_runs()?;
        let dir = checkout::workspace_root().join(format!(".vigie/run-{}", std::process::id()));
        let lock =
            try_lock_folder(&dir)?.with_context(|| format!("{} is in use", dir.display()))?;
        Ok(Self {
            dir,
            passing: true,
            _lock: lock,
        })
    }

    pub(crate) fn is_passing(&self) -> bool {
        self.passing
    }

    /// Removes everything that earlier runs kept, except the lock.
    pub(crate) fn forget(&self) -> Result<()> {
        containers::remove_containers(&self.dir);
        empty_folder(&self.dir)
    }

    /// Returns a folder inside the run's folder, created if missing.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let dir = self.dir.join(name);
        fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
        Ok(dir)
    }

    /// Returns a value that an earlier run stored under `name`.
    pub(crate) fn note(&self, name: &str) -> Option<String> {
        let text = fs::read_to_string(self.dir.join(name)).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    pub(crate) fn set_note(&self, name: &str, value: &str) -> Result<()> {
        fs::write(self.dir.join(name), format!("{value}\n"))
            .with_context(|| format!("writing {name}"))
    }

    /// Records a child, so that the next run can stop it if this one is killed.
    pub(crate) fn record_child(&self, name: &str, pid: u32) -> Result<()> {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.dir.join("pids"))?;
        writeln!(file, "{name} {pid} {}", started_at(pid).unwrap_or_default())?;
        Ok(())
    }

    /// Deletes the list of children, after all of them exited.
    pub(crate) fn clear_children(&self) {
        fs::remove_file(self.dir.join("pids")).ok();
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if self.passing {
            remove_folder(&self.dir);
        }
    }
}

/// Writes a file that only its owner can read.
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

fn try_lock_folder(dir: &Path) -> Result<Option<File>> {
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

/// Stops the children of killed runs and removes the folders of `test`, `sqlx` and `bench`.
///
/// Returns the lock of `.vigie`. While a command holds it, no other command mistakes its new and
/// not yet locked folder for that of a killed run.
fn remove_killed_runs() -> Result<File> {
    let all = checkout::workspace_root().join(".vigie");
    let gate = lock_file(&all)?;
    gate.lock().context("locking .vigie")?;
    for entry in fs::read_dir(&all)? {
        let dir = entry?.path();
        let name = dir
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        // A run that exits may remove its folder at any moment.
        if name.starts_with("run-")
            && dir.is_dir()
            && try_lock_folder(&dir).is_ok_and(|lock| lock.is_some())
        {
            stop_leftovers(&dir);
            remove_folder(&dir);
        }
    }
    Ok(gate)
}

fn remove_folder(dir: &Path) {
    containers::remove_containers(dir);
    empty_folder(dir).ok();
    fs::remove_dir_all(dir).ok();
}

fn empty_folder(dir: &Path) -> Result<()> {
    // The data of Postgres may be outside, in the system's temporary folder.
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

/// Stops the children of a killed run, the last started first.
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
        // The system may have assigned the process id to another process since.
        let alive = || !start.is_empty() && started_at(pid).is_some_and(|now| now == start);
        if !alive() {
            continue;
        }
        checkout::report_progress(&format!(
            "stopping {name} (process {pid}), which a killed run left"
        ));
        process::send_signal(pid, if name == "postgres" { "INT" } else { "TERM" });
        let since = Instant::now();
        while alive() && since.elapsed() < Duration::from_secs(30) {
            thread::sleep(Duration::from_millis(100));
        }
        if alive() {
            process::send_group_signal(pid, "KILL");
        }
    }
    fs::remove_file(dir.join("pids")).ok();
}

/// Returns the start of a running process in a unit of the system; `None` if it exited.
fn started_at(pid: u32) -> Option<String> {
    if let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The name in brackets may contain blanks. The state follows it, and the start is word 20.
        let mut words = stat.rsplit_once(')')?.1.split_whitespace();
        let state = words.next()?;
        return (state != "Z").then(|| words.nth(18).unwrap_or_default().to_owned());
    }
    if Path::new("/proc/self").exists() {
        return None;
    }
    let mut ps = std::process::Command::new("ps");
    process::read_output(ps.args(["-o", "lstart=", "-p", &pid.to_string()])).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_process_has_a_start_and_an_exited_one_has_none() {
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
    fn a_private_file_is_readable_by_its_owner_only() {
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
