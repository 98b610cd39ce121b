//! One instance of `cargo xtask up`, with a name and ports that no other run uses. Its data is
//! removed on drop.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Run;

/// The keys of the three addresses.
pub(crate) const ADDRESSES: [&str; 3] =
    ["VIGIE_API_ADDR", "VIGIE_METRICS_ADDR", "VIGIE_SANDBOX_ADDR"];
/// Below the ports that the kernel assigns to clients.
const PORTS: std::ops::Range<u32> = 12_000..30_000;

/// The prefix of the names. The id of the test process follows.
const PREFIX: &str = "xtask-test-";

static NEXT: AtomicU32 = AtomicU32::new(0);

pub(crate) struct Instance {
    name: String,
    /// The folder where `up` keeps its data.
    pub(crate) folder: PathBuf,
    addresses: [String; 3],
    /// A folder of PATH before those of the machine.
    programs: PathBuf,
}

impl Instance {
    pub(crate) fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number}", std::process::id());
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("xtask is in the checkout");
        let all = root.join(".vigie");
        remove_leftovers(&all);
        let programs = all.join(format!("up-{name}-programs"));
        fs::create_dir_all(&programs).expect("the checkout can be written to");
        let folder = all.join(format!("up-{name}"));
        Self {
            name,
            folder,
            addresses: [(); 3].map(|()| free_address()),
            programs,
        }
    }

    /// The addresses of the API, the metrics and the sandbox.
    pub(crate) fn addresses(&self) -> &[String; 3] {
        &self.addresses
    }

    /// Replaces the machine's `setpriv` by one that cannot signal a child when its parent dies.
    pub(crate) fn disable_death_signal(&self) {
        symlink("/bin/false", self.programs.join("setpriv")).expect("the folder is ours");
    }

    pub(crate) fn enable_death_signal(&self) {
        fs::remove_file(self.programs.join("setpriv")).expect("it was put there");
    }

    /// Builds the command: `up` with the executables that were built for the tests, and only PATH
    /// of this process's environment. The kernel stops the run if this process is killed.
    fn build_command(&self, args: &[&str]) -> Command {
        let xtask = Path::new(env!("CARGO_BIN_EXE_xtask"));
        let built = xtask.parent().expect("it was built into a folder");
        let mut command = match find_program("setpriv") {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "TERM", "--"]).arg(xtask);
                command
            }
            None => Command::new(xtask),
        };
        command
            .args(["up", "--name", &self.name, "--programs"])
            .arg(built)
            .args(args);
        let path = format!("{}:{}", self.programs.display(), read_path());
        command
            .env_clear()
            .env("PATH", path)
            .envs(ADDRESSES.iter().zip(&self.addresses));
        command
    }

    pub(crate) fn start_up(&self, args: &[&str]) -> Run {
        Run::start(self.build_command(args))
    }

    /// Starts `up` with one more variable in its environment.
    pub(crate) fn start_up_with(&self, args: &[&str], key: &str, value: &str) -> Run {
        let mut command = self.build_command(args);
        command.env(key, value);
        Run::start(command)
    }

    /// Returns a file of the demo company that this instance imported.
    pub(crate) fn read_demo_file(&self, kind: &str) -> String {
        fs::read_to_string(self.folder.join(format!("demo/{kind}.csv")))
            .expect("the demo's files are kept")
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // The data of Postgres may be outside, in the system's temporary folder.
        if let Ok(outside) = fs::read_to_string(self.folder.join("postgres-dir")) {
            fs::remove_dir_all(outside.trim()).ok();
        }
        fs::remove_dir_all(&self.folder).ok();
        fs::remove_dir_all(&self.programs).ok();
    }
}

fn remove_leftovers(all: &Path) {
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let rest = name
            .strip_prefix("up-")
            .and_then(|name| name.strip_prefix(PREFIX));
        let process = rest.and_then(|rest| rest.split('-').next());
        if process.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the machine's programs are where the PATH says"
)]
fn read_path() -> String {
    std::env::var("PATH").unwrap_or_default()
}

fn find_program(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&read_path())
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Returns an address of this machine with a free port.
pub(crate) fn free_address() -> String {
    // Concurrent test processes start at different ports.
    let begin = std::process::id().wrapping_mul(31);
    let span = PORTS.end - PORTS.start;
    (0..span)
        .map(|_| PORTS.start + begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % span)
        .map(|port| format!("127.0.0.1:{port}"))
        .find(|address| TcpListener::bind(address).is_ok())
        .expect("one port in thousands is free")
}
