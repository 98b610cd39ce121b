//! The records of the state file.

use serde::{Deserialize, Serialize};
use serde_json::{Value, from_value};

use super::State;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MetaRecord {
    #[serde(rename = "meta_run")]
    Run,
    #[serde(rename = "meta_token")]
    Token,
    #[serde(rename = "meta_revoked")]
    Revoked,
    #[serde(rename = "meta_restored")]
    Restored,
}

impl State {
    pub(crate) fn apply_record(
        &mut self,
        kind: MetaRecord,
        value: Value,
    ) -> serde_json::Result<()> {
        match kind {
            MetaRecord::Run => self.put_run(from_value(value)?),
            MetaRecord::Token => self.add_token(from_value(value)?),
            MetaRecord::Revoked => self.revoke_token(from_value(value)?),
            MetaRecord::Restored => self.restore_token(&from_value::<String>(value)?),
        }
        Ok(())
    }
}
