//! A server that `up` did not start, of the same kind as one of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::instance::free_address;

pub(crate) struct ForeignServer {
    child: Child,
    _log: BufReader<ChildStdout>,
}

impl ForeignServer {
    /// A Redis without data.
    pub(crate) fn start() -> Self {
        let address = free_address();
        let (host, port) = address.split_once(':').expect("an address");
        let mut child = Command::new("redis-server")
            .args([
                "--bind",
                host,
                "--port",
                port,
                "--save",
                "",
                "--appendonly",
                "no",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("redis-server is installed");
        let mut log = BufReader::new(child.stdout.take().expect("the output is piped"));
        let mut line = String::new();
        while !line.contains("Ready to accept connections") {
            line.clear();
            assert_ne!(
                log.read_line(&mut line).expect("the log is text"),
                0,
                "redis-server ended at once"
            );
        }
        Self { child, _log: log }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_none()
    }
}

impl Drop for ForeignServer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
