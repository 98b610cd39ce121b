//! The claims of one process and their states, behind one lock.
//!
//! ```text
//! claiming --> running --> recording --> recorded
//!    |  ^         |
//!    v  |         +-----> leftover --> requeued when the process stops
//! unconfirmed
//! ```
//!
//! While its claim statement runs, a job is tracked by id. Once claimed it is tracked by id and
//! fence: a body whose claim was lost may still run beside the next attempt, and a reconciler may
//! succeed again before its previous success is recorded.

mod claimant;
mod guard;
mod snapshot;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use claimant::Claimant;
pub use guard::ClaimGuard;
pub use snapshot::ClaimSnapshot;

use super::claim::{Claim, ClaimKey};
use crate::ids::{JobId, Uuid};

/// Tracks the claims of one process. Clones share the same claims.
#[derive(Debug, Clone, Default)]
pub struct ClaimTracker(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    claims: Mutex<Claims>,
    /// Notified when the last success that was handed in is recorded.
    none_recording: Notify,
}

#[derive(Debug, Default)]
struct Claims {
    pending: HashMap<Uuid, PendingClaim>,
    held: HashMap<ClaimKey, HeldClaim>,
    /// How many of `held` have a success that isn't recorded yet.
    recording: usize,
    /// How many claimants were created.
    claimants: usize,
}

/// The state of a job whose claim has no known result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PendingClaim {
    Claiming,
    /// The response to this claimant's statement was lost. The claim may have been committed, and
    /// nobody rescues the job while this process has a heartbeat.
    Unconfirmed(usize),
}

#[derive(Debug)]
enum HeldClaim {
    Running {
        cancel: CancellationToken,
        cancel_requested_at: Option<Instant>,
    },
    /// The success was handed in and isn't recorded yet.
    Recording,
    /// No worker took the claimed job.
    Leftover(Box<Claim>),
}

impl ClaimTracker {
    /// Creates the view of one fetcher, which confirms its own unconfirmed claims.
    pub fn new_claimant(&self) -> Claimant {
        let mut claims = self.lock();
        claims.claimants += 1;
        Claimant {
            tracker: self.clone(),
            number: claims.claimants,
        }
    }

    pub fn snapshot(&self) -> ClaimSnapshot {
        let claims = self.lock();
        let mut snapshot = ClaimSnapshot {
            pending: claims.pending.keys().copied().collect(),
            ..ClaimSnapshot::default()
        };
        for (key, held) in &claims.held {
            let keys = match held {
                HeldClaim::Running { .. } => &mut snapshot.running,
                HeldClaim::Recording => &mut snapshot.recording,
                HeldClaim::Leftover(_) => &mut snapshot.leftover,
            };
            keys.push(*key);
        }
        snapshot
    }

    /// Cancels the running attempts of a job.
    pub fn cancel_job(&self, id: JobId) {
        for (key, held) in &mut self.lock().held {
            if key.0 == id.0
                && let HeldClaim::Running {
                    cancel,
                    cancel_requested_at,
                } = held
            {
                cancel_requested_at.get_or_insert_with(Instant::now);
                cancel.cancel();
            }
        }
    }

    /// Removes and returns the claims that no worker took.
    pub fn take_leftovers(&self) -> Vec<Claim> {
        self.lock()
            .held
            .extract_if(|_, held| matches!(held, HeldClaim::Leftover(_)))
            .filter_map(|(_, held)| match held {
                HeldClaim::Leftover(claim) => Some(*claim),
                HeldClaim::Running { .. } | HeldClaim::Recording => None,
            })
            .collect()
    }

    pub(super) fn begin_recording(&self, key: ClaimKey) {
        let previous = {
            let mut claims = self.lock();
            claims.recording += 1;
            claims.held.insert(key, HeldClaim::Recording)
        };
        if let Some(previous) = previous {
            record_cancel_time(&previous);
        }
    }

    pub(super) fn end_recording(&self, keys: impl IntoIterator<Item = ClaimKey>) {
        let mut claims = self.lock();
        for key in keys {
            if let Some(HeldClaim::Recording) = claims.held.remove(&key) {
                claims.recording -= 1;
            }
        }
        if claims.recording == 0 {
            self.0.none_recording.notify_waiters();
        }
    }

    /// Waits until every success that was handed in is recorded.
    pub(super) async fn wait_until_recorded(&self) {
        loop {
            // Before the look: a notification between the two would otherwise be missed.
            let none_recording = self.0.none_recording.notified();
            if self.lock().recording == 0 {
                return;
            }
            none_recording.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Claims> {
        self.0.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn record_cancel_time(ended: &HeldClaim) {
    if let HeldClaim::Running {
        cancel_requested_at: Some(at),
        ..
    } = ended
    {
        metrics::histogram!("vigie_job_cancel_seconds").record(at.elapsed());
    }
}
