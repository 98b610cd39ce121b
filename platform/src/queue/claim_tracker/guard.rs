//! The guard of one running claim.

use tokio_util::sync::CancellationToken;

use super::{ClaimTracker, HeldClaim, record_cancel_time};
use crate::queue::{Claim, ClaimKey};

/// Keeps a claim in the state running until it is dropped, or until its success is handed in.
#[derive(Debug)]
pub struct ClaimGuard {
    pub(super) tracker: ClaimTracker,
    pub(super) key: ClaimKey,
    pub(super) cancel: CancellationToken,
}

impl ClaimGuard {
    /// Returns the token that [`ClaimTracker::cancel_job`] cancels.
    pub fn cancel_token(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Records that no worker took the job.
    pub fn leave_over(self, claim: Claim) {
        self.tracker
            .lock()
            .held
            .insert(self.key, HeldClaim::Leftover(Box::new(claim)));
    }
}

impl Drop for ClaimGuard {
    fn drop(&mut self) {
        let ended = {
            let mut claims = self.tracker.lock();
            match claims.held.get(&self.key) {
                Some(HeldClaim::Running { .. }) => claims.held.remove(&self.key),
                Some(HeldClaim::Recording | HeldClaim::Leftover(_)) | None => None,
            }
        };
        if let Some(ended) = ended {
            record_cancel_time(&ended);
        }
    }
}
