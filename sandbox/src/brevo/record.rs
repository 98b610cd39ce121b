//! The records of the state file.

use serde::{Deserialize, Serialize};
use serde_json::{Value, from_value};

use super::State;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BrevoRecord {
    Email,
}

impl State {
    pub(crate) fn apply_record(
        &mut self,
        kind: BrevoRecord,
        value: Value,
    ) -> serde_json::Result<()> {
        match kind {
            BrevoRecord::Email => self.put_email(from_value(value)?),
        }
        Ok(())
    }
}
