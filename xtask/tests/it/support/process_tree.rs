//! The descendants of a process, and which of them still run.

use std::fs;

use super::run::send_signal;

/// A process. Its start distinguishes it from a later process with the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Process {
    id: u32,
    name: String,
    parent: u32,
    group: u32,
    started: String,
}

impl Process {
    fn read(id: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let (front, back) = stat.rsplit_once(')')?;
        let words: Vec<&str> = back.split_whitespace().collect();
        if matches!(words.first()?, &"Z" | &"X") {
            return None;
        }
        // The fields after the name: 3 is the state, 4 the parent, 5 the group and 22 the start.
        Some(Self {
            id,
            name: front.split_once('(')?.1.to_owned(),
            parent: words.get(1)?.parse().ok()?,
            group: words.get(2)?.parse().ok()?,
            started: (*words.get(19)?).to_owned(),
        })
    }

    fn all() -> Vec<Self> {
        let entries = fs::read_dir("/proc")
            .expect("the system has /proc")
            .flatten();
        entries
            .filter_map(|entry| Self::read(entry.file_name().to_str()?.parse().ok()?))
            .collect()
    }

    fn is_running(&self) -> bool {
        Self::read(self.id).is_some_and(|now| now.started == self.started)
    }
}

/// The descendants of a process at one moment, without the process itself. Kills those that still
/// run on drop.
pub(crate) struct ProcessTree {
    head: u32,
    members: Vec<Process>,
}

impl ProcessTree {
    pub(crate) fn of(head: u32) -> Self {
        let all = Process::all();
        let mut members: Vec<Process> = Vec::new();
        let mut parents = vec![head];
        while let Some(parent) = parents.pop() {
            let children = all.iter().filter(|process| process.parent == parent);
            parents.extend(children.clone().map(|child| child.id));
            members.extend(children.cloned());
        }
        Self { head, members }
    }

    /// Returns the sorted names of the direct children.
    pub(crate) fn child_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .direct_children()
            .map(|process| process.name.as_str())
            .collect();
        names.sort_unstable();
        names
    }

    /// Sends SIGKILL to the direct child of this name.
    pub(crate) fn kill_child(&self, name: &str) {
        let child = self
            .direct_children()
            .find(|process| process.name == name)
            .expect("it was started");
        send_signal("KILL", &child.id.to_string());
    }

    /// Whether every direct child still runs.
    pub(crate) fn is_complete(&self) -> bool {
        self.direct_children().all(Process::is_running)
    }

    /// Returns the names of the descendants that still run.
    pub(crate) fn running_names(&self) -> Vec<&str> {
        self.members
            .iter()
            .filter(|process| process.is_running())
            .map(|process| process.name.as_str())
            .collect()
    }

    /// Whether no descendant is in the process group of the head, which receives Ctrl-C.
    pub(crate) fn is_in_other_groups(&self) -> bool {
        self.members
            .iter()
            .all(|process| process.group != self.head)
    }

    fn direct_children(&self) -> impl Iterator<Item = &Process> {
        self.members
            .iter()
            .filter(|process| process.parent == self.head)
    }
}

impl Drop for ProcessTree {
    fn drop(&mut self) {
        for process in self.members.iter().filter(|process| process.is_running()) {
            send_signal("KILL", &process.id.to_string());
        }
    }
}
