//! One run of `cargo xtask up`: what it says as it says it, signals to it, its end.

use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;

use super::HUNG_AFTER;

/// Dropped, it is stopped in order.
pub(crate) struct Run {
    child: Child,
    lines: Receiver<String>,
    /// Each line so far, of both outputs.
    pub(crate) said: Vec<String>,
}

impl Run {
    /// Starts it as a terminal does: in a process group of its own, which Ctrl-C goes to.
    pub(super) fn start(mut command: Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn().expect("xtask is built");
        let (sender, lines) = mpsc::channel();
        pass_on(child.stdout.take(), sender.clone());
        pass_on(child.stderr.take(), sender);
        Self {
            child,
            lines,
            said: Vec::new(),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns once it says `text`.
    pub(crate) fn until_it_says(&mut self, text: &str) {
        while self.hear() {
            if self.said.last().is_some_and(|line| line.contains(text)) {
                return;
            }
        }
        panic!(
            "it ended before it said {text:?}:\n{}",
            self.said.join("\n")
        );
    }

    /// Returns once it has said where everything is; the lines of that.
    pub(crate) fn summary(&mut self) -> Vec<String> {
        self.until_it_says("starts over");
        let begin = self
            .said
            .iter()
            .position(|line| line == "Vigie runs.")
            .expect("a first line");
        // The two outputs come by different ways: a step before may be heard later.
        self.said[begin..]
            .iter()
            .filter(|line| !line.starts_with("==>"))
            .cloned()
            .collect()
    }

    pub(crate) fn says(&self, text: &str) -> bool {
        self.said.iter().any(|line| line.contains(text))
    }

    /// Ctrl-C: the terminal sends it to the whole group.
    pub(crate) fn interrupt(&self) {
        kill("INT", &format!("-{}", self.id()));
    }

    /// A signal to it alone.
    pub(crate) fn signal(&self, name: &str) {
        kill(name, &self.id().to_string());
    }

    /// How it ended, once it has.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        while self.hear() {}
        self.child.wait().expect("it is our child")
    }

    /// SIGKILL; returns once it is gone.
    pub(crate) fn kill(mut self) {
        self.signal("KILL");
        assert_eq!(self.ended().signal(), Some(9));
    }

    /// Waits for one more line; `false` after the last.
    fn hear(&mut self) -> bool {
        match self.lines.recv_timeout(HUNG_AFTER) {
            Ok(line) => {
                self.said.push(line);
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => {
                panic!("it hangs; it said:\n{}", self.said.join("\n"))
            }
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal("TERM");
            while self.lines.recv_timeout(HUNG_AFTER).is_ok() {}
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

fn pass_on(output: Option<impl Read + Send + 'static>, to: Sender<String>) {
    let output = BufReader::new(output.expect("the output is piped"));
    thread::spawn(move || {
        output
            .lines()
            .map_while(Result::ok)
            .try_for_each(|line| to.send(line))
    });
}

/// Through the shell's own `kill`: the standard library sends SIGKILL alone.
pub(super) fn kill(signal: &str, target: &str) {
    Command::new("sh")
        .args(["-c", "kill -s \"$1\" -- \"$2\"", "sh", signal, target])
        .status()
        .expect("a shell");
}
