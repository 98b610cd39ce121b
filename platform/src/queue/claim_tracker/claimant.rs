//! One fetcher's view of the tracker: from ids to running claims.

use std::collections::hash_map::Entry;

use tokio_util::sync::CancellationToken;

use super::{ClaimGuard, ClaimTracker, HeldClaim, PendingClaim};
use crate::ids::Uuid;
use crate::queue::Claim;

/// Claims jobs for one fetcher. All fetchers of a process claim under one worker number, so a row
/// claimed by one fetcher would look to another like the unconfirmed claim that it resolves:
/// therefore only one claimant at a time has a job pending.
#[derive(Debug)]
pub struct Claimant {
    pub(super) tracker: ClaimTracker,
    pub(super) number: usize,
}

impl Claimant {
    /// Marks `ids` as claiming. Returns those that no other claimant has pending.
    pub fn begin_claims(&self, ids: Vec<Uuid>) -> Vec<Uuid> {
        let mut claims = self.tracker.lock();
        ids.into_iter()
            .filter(|id| match claims.pending.entry(*id) {
                Entry::Vacant(free) => {
                    free.insert(PendingClaim::Claiming);
                    true
                }
                Entry::Occupied(_) => false,
            })
            .collect()
    }

    /// Replaces the pending `ids` by the running `claims` that came of them. Returns a guard for
    /// each claim, in order.
    pub fn settle_claims(&self, ids: &[Uuid], claimed: &[Claim]) -> Vec<ClaimGuard> {
        let mut claims = self.tracker.lock();
        for id in ids {
            claims.pending.remove(id);
        }
        claimed
            .iter()
            .map(|claim| {
                let guard = ClaimGuard {
                    tracker: self.tracker.clone(),
                    key: claim.key(),
                    cancel: CancellationToken::new(),
                };
                let running = HeldClaim::Running {
                    cancel: guard.cancel.clone(),
                    cancel_requested_at: None,
                };
                claims.held.insert(guard.key, running);
                guard
            })
            .collect()
    }

    /// Marks `ids` as unconfirmed: the response to their claim statement was lost.
    pub fn mark_unconfirmed(&self, ids: &[Uuid]) {
        let mut claims = self.tracker.lock();
        for id in ids {
            claims
                .pending
                .insert(*id, PendingClaim::Unconfirmed(self.number));
        }
    }

    /// Returns up to `limit` jobs whose claim this claimant has to confirm. They stay pending.
    pub fn list_unconfirmed(&self, limit: usize) -> Vec<Uuid> {
        self.tracker
            .lock()
            .pending
            .iter()
            .filter(|(_, pending)| **pending == PendingClaim::Unconfirmed(self.number))
            .map(|(id, _)| *id)
            .take(limit)
            .collect()
    }
}
