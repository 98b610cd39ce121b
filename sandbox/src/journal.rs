//! The optional state file: one JSON line per change. The last line of an object is its state.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::provider::RecordKind;

/// One line of the file.
#[derive(Serialize, Deserialize)]
pub(crate) struct Record<K> {
    pub(crate) kind: K,
    pub(crate) value: Value,
}

/// The file, if the state is kept.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    file: Option<File>,
}

impl Journal {
    /// Opens the file and reads its records. Lines that are no record are skipped: a crash may have
    /// cut one.
    pub(crate) fn open(path: Option<PathBuf>) -> io::Result<(Self, Vec<Record<RecordKind>>)> {
        let Some(path) = path else {
            return Ok((Self::default(), Vec::new()));
        };
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)?;
        let records = BufReader::new(&file)
            .lines()
            .map_while(Result::ok)
            .filter(|line| !line.is_empty())
            .filter_map(|line| {
                let record = serde_json::from_str(&line);
                record
                    .inspect_err(|error| tracing::warn!(%error, "line of the state file skipped"))
                    .ok()
            })
            .collect();
        let mut journal = Self { file: Some(file) };
        // A line that was cut stays separate from the next record.
        journal.write_text("\n");
        Ok((journal, records))
    }

    pub(crate) fn append_record(&mut self, kind: impl Serialize, object: &impl Serialize) {
        if self.file.is_none() {
            return;
        }
        let Ok(value) = serde_json::to_value(object) else {
            return;
        };
        if let Ok(line) = serde_json::to_string(&Record { kind, value }) {
            self.write_text(&format!("{line}\n"));
        }
    }

    pub(crate) fn clear_file(&mut self) {
        if let Some(file) = &mut self.file
            && let Err(error) = file.set_len(0)
        {
            tracing::warn!(%error, "state file not emptied");
        }
    }

    fn write_text(&mut self, text: &str) {
        if let Some(file) = &mut self.file
            && let Err(error) = file.write_all(text.as_bytes())
        {
            tracing::warn!(%error, "record not written to the state file");
        }
    }
}
