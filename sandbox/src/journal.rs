//! The state on disk, where it is wanted: one JSON line per change, the last line of an object holds.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One stored object.
#[derive(Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) kind: String,
    pub(crate) value: Value,
}

/// The file, or nothing where the state isn't kept.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    file: Option<File>,
}

impl Journal {
    /// Opens the file and reads its lines. A last line cut by a crash is left out.
    pub(crate) fn open(path: Option<PathBuf>) -> io::Result<(Self, Vec<Line>)> {
        let Some(path) = path else {
            return Ok((Self::default(), Vec::new()));
        };
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)?;
        let lines = BufReader::new(&file)
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| serde_json::from_str(&line).ok())
            .collect();
        let mut journal = Self { file: Some(file) };
        // Whatever was cut stays on its own line.
        journal.append("\n");
        Ok((journal, lines))
    }

    pub(crate) fn put<T: Serialize>(&mut self, kind: &str, object: &T) {
        if self.file.is_none() {
            return;
        }
        let Ok(value) = serde_json::to_value(object) else {
            return;
        };
        if let Ok(line) = serde_json::to_string(&Line {
            kind: kind.into(),
            value,
        }) {
            self.append(&format!("{line}\n"));
        }
    }

    pub(crate) fn clear(&mut self) {
        if let Some(file) = &mut self.file
            && let Err(error) = file.set_len(0)
        {
            tracing::warn!(%error, "state file not emptied");
        }
    }

    fn append(&mut self, text: &str) {
        if let Some(file) = &mut self.file
            && let Err(error) = file.write_all(text.as_bytes())
        {
            tracing::warn!(%error, "state not kept");
        }
    }
}
