//! The claims of a process at one moment.

use super::ClaimKey;
use crate::ids::Uuid;

/// The claims of a process by state.
#[derive(Debug, Clone, Default)]
pub struct ClaimSnapshot {
    /// Claiming or unconfirmed.
    pub pending: Vec<Uuid>,
    pub running: Vec<ClaimKey>,
    pub ending: Vec<ClaimKey>,
    pub leftover: Vec<ClaimKey>,
}

impl ClaimSnapshot {
    /// The claims that this process holds, in every state.
    pub fn held(&self) -> impl Iterator<Item = ClaimKey> {
        [&self.running, &self.ending, &self.leftover]
            .into_iter()
            .flatten()
            .copied()
    }
}
