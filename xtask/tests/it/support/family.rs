//! The processes that descend from one, as the kernel knows them, and which of them still live.

use std::fs;

use super::run::kill;

/// A process, told apart from a later one with the same number by its start.
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
        // The state is the third field of the line, the parent the fourth, the start the twenty-second.
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

    fn lives(&self) -> bool {
        Self::read(self.id).is_some_and(|now| now.started == self.started)
    }
}

/// All that a process had started at one moment, itself left out. Dropped, it takes the rest with it.
pub(crate) struct Family {
    head: u32,
    members: Vec<Process>,
}

impl Family {
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

    /// Names of those that the head started itself, in order of the alphabet.
    pub(crate) fn children(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.own().map(|process| process.name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// SIGKILL to the child of that name.
    pub(crate) fn kill(&self, name: &str) {
        let child = self
            .own()
            .find(|process| process.name == name)
            .expect("it was started");
        kill("KILL", &child.id.to_string());
    }

    /// Whether each child of the head still lives.
    pub(crate) fn is_whole(&self) -> bool {
        self.own().all(Process::lives)
    }

    /// Those that still live, the head's own children and theirs.
    pub(crate) fn living(&self) -> Vec<&str> {
        self.members
            .iter()
            .filter(|process| process.lives())
            .map(|process| process.name.as_str())
            .collect()
    }

    /// Whether none is in the group of the head, which a terminal sends its signals to.
    pub(crate) fn is_apart(&self) -> bool {
        self.members
            .iter()
            .all(|process| process.group != self.head)
    }

    fn own(&self) -> impl Iterator<Item = &Process> {
        self.members
            .iter()
            .filter(|process| process.parent == self.head)
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        for process in self.members.iter().filter(|process| process.lives()) {
            kill("KILL", &process.id.to_string());
        }
    }
}
