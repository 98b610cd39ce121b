//! The records of the state file.

use serde::{Deserialize, Serialize};
use serde_json::{Value, from_value};

use super::State;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StripeRecord {
    #[serde(rename = "stripe_object")]
    Object,
    #[serde(rename = "stripe_event")]
    Event,
    #[serde(rename = "stripe_replay")]
    Replay,
}

impl State {
    pub(crate) fn apply_record(
        &mut self,
        kind: StripeRecord,
        value: Value,
    ) -> serde_json::Result<()> {
        match kind {
            StripeRecord::Object => self.put_object(value),
            StripeRecord::Event => self.put_event(from_value(value)?),
            StripeRecord::Replay => self.put_replay(from_value(value)?),
        }
        Ok(())
    }
}
