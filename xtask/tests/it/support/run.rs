//! One run of `cargo xtask up`: its output, signals to it, its exit.

use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;

use super::WAIT_LIMIT;

/// Stops in order on drop.
pub(crate) struct Run {
    child: Child,
    lines: Receiver<String>,
    /// The lines of both outputs so far.
    pub(crate) output: Vec<String>,
}

impl Run {
    /// Starts the command as a terminal does: in its own process group, which receives Ctrl-C.
    pub(super) fn start(mut command: Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn().expect("xtask is built");
        let (sender, lines) = mpsc::channel();
        forward_lines(child.stdout.take(), sender.clone());
        forward_lines(child.stderr.take(), sender);
        Self {
            child,
            lines,
            output: Vec::new(),
        }
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Reads the output until a line contains `text`.
    pub(crate) fn read_until(&mut self, text: &str) {
        while self.read_line() {
            if self.output.last().is_some_and(|line| line.contains(text)) {
                return;
            }
        }
        panic!(
            "the run exited before it printed {text:?}:\n{}",
            self.output.join("\n")
        );
    }

    /// Reads the output to the end of the summary and returns the lines of the summary.
    pub(crate) fn read_summary(&mut self) -> Vec<String> {
        self.read_until("starts over");
        let begin = self
            .output
            .iter()
            .position(|line| line == "Vigie runs.")
            .expect("a first line");
        // The two outputs have no common order: a progress line may arrive after the summary.
        self.output[begin..]
            .iter()
            .filter(|line| !line.starts_with("==>"))
            .cloned()
            .collect()
    }

    pub(crate) fn printed(&self, text: &str) -> bool {
        self.output.iter().any(|line| line.contains(text))
    }

    /// Sends Ctrl-C, which a terminal sends to the whole group.
    pub(crate) fn interrupt(&self) {
        send_signal("INT", &format!("-{}", self.process_id()));
    }

    /// Sends a signal to the run only.
    pub(crate) fn signal(&self, name: &str) {
        send_signal(name, &self.process_id().to_string());
    }

    /// Waits for the exit and returns the status.
    pub(crate) fn wait_for_exit(&mut self) -> ExitStatus {
        while self.read_line() {}
        self.child.wait().expect("it is our child")
    }

    /// Sends SIGKILL and waits for the exit.
    pub(crate) fn kill(mut self) {
        self.signal("KILL");
        assert_eq!(self.wait_for_exit().signal(), Some(9));
    }

    /// Reads one more line. Returns `false` after the last.
    fn read_line(&mut self) -> bool {
        match self.lines.recv_timeout(WAIT_LIMIT) {
            Ok(line) => {
                self.output.push(line);
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => {
                panic!("the run hangs; its output:\n{}", self.output.join("\n"))
            }
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal("TERM");
            while self.lines.recv_timeout(WAIT_LIMIT).is_ok() {}
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

fn forward_lines(output: Option<impl Read + Send + 'static>, to: Sender<String>) {
    let output = BufReader::new(output.expect("the output is piped"));
    thread::spawn(move || {
        output
            .lines()
            .map_while(Result::ok)
            .try_for_each(|line| to.send(line))
    });
}

/// Uses the shell's `kill`, because the standard library sends only SIGKILL.
pub(super) fn send_signal(signal: &str, target: &str) {
    Command::new("sh")
        .args(["-c", "kill -s \"$1\" -- \"$2\"", "sh", signal, target])
        .status()
        .expect("a shell");
}
