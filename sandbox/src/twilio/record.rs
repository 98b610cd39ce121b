//! The records of the state file.

use serde::{Deserialize, Serialize};
use serde_json::{Value, from_value};

use super::State;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TwilioRecord {
    Message,
    Inbound,
}

impl State {
    pub(crate) fn apply_record(
        &mut self,
        kind: TwilioRecord,
        value: Value,
    ) -> serde_json::Result<()> {
        match kind {
            TwilioRecord::Message => self.put_message(from_value(value)?),
            TwilioRecord::Inbound => self.record_inbound(&from_value(value)?),
        }
        Ok(())
    }
}
