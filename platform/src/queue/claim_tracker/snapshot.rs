//! The claims of a process at one moment.

use crate::ids::Uuid;
use crate::queue::ClaimKey;

/// The claims of a process by state.
#[derive(Debug, Clone, Default)]
pub struct ClaimSnapshot {
    /// Claiming or unconfirmed.
    pub pending: Vec<Uuid>,
    pub running: Vec<ClaimKey>,
    pub recording: Vec<ClaimKey>,
    pub leftover: Vec<ClaimKey>,
}

impl ClaimSnapshot {
    /// The claims that this process holds, in every state.
    pub fn held(&self) -> impl Iterator<Item = ClaimKey> {
        [&self.running, &self.recording, &self.leftover]
            .into_iter()
            .flatten()
            .copied()
    }
}
