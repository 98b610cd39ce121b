//! Fetchers: each takes ids for its share of the free slots, claims them in one statement and
//! assigns the claimed jobs to apalis.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use platform::db::Db;
use platform::ids::Uuid;
use platform::queue::liveness::MAX_HEARTBEAT_AGE;
use platform::queue::{Claim, ClaimTracker, Claimant, claim};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::claimed_jobs::Assignment;
use crate::id_source::IdSource;
use crate::last_seen::LastSeen;

const WAIT_WITHOUT_HEARTBEAT: Duration = Duration::from_millis(500);
const WAIT_AFTER_ERROR: Duration = Duration::from_millis(200);

/// What all fetchers of a process share.
#[derive(Clone)]
pub(crate) struct ProcessContext {
    pub(crate) db: Db,
    pub(crate) worker_id: i32,
    pub(crate) claims: ClaimTracker,
    pub(crate) last_heartbeat: LastSeen,
    pub(crate) stop: CancellationToken,
}

pub(crate) struct Fetcher {
    pub(crate) process: ProcessContext,
    pub(crate) claimant: Claimant,
    pub(crate) source: IdSource,
    /// The free slots of the queue, which its fetchers share.
    pub(crate) slots: Arc<Semaphore>,
    /// The most jobs that this fetcher claims at once.
    pub(crate) max_claims: usize,
    pub(crate) assignments: mpsc::Sender<Assignment>,
}

/// Jobs whose claim statement ran, and the claims that it returned.
type ClaimResult = (Vec<Uuid>, sqlx::Result<Vec<Claim>>);

impl Fetcher {
    /// Runs until the process stops. The relay's look-back pushes the ids again that were popped
    /// and not claimed, including those of a pop that the stop interrupts.
    pub(crate) async fn run(mut self) {
        while let Some(free) = self.acquire_free_slots().await {
            // Without a heartbeat no claim succeeds, and popped ids are kept from other workers.
            if self.process.last_heartbeat.elapsed() > MAX_HEARTBEAT_AGE {
                tracing::warn!("no heartbeat, taking no jobs");
                tokio::time::sleep(WAIT_WITHOUT_HEARTBEAT).await;
                continue;
            }
            let unconfirmed = self.claimant.list_unconfirmed(free.num_permits());
            let result = if unconfirmed.is_empty() {
                self.claim_next(free.num_permits()).await
            } else {
                Some(self.confirm_claims(unconfirmed).await)
            };
            match result {
                None => return,
                Some((ids, Ok(claims))) => {
                    if !self.assign_jobs(&ids, claims, free).await {
                        tracing::error!("the queue's apalis worker takes no jobs");
                        return;
                    }
                }
                Some((ids, Err(cause))) => {
                    tracing::warn!(%cause, ids = ids.len(), "claims unconfirmed");
                    self.claimant.mark_unconfirmed(&ids);
                    tokio::time::sleep(WAIT_AFTER_ERROR).await;
                }
            }
        }
    }

    /// Claims up to `limit` jobs. Returns `None` once the process stops.
    async fn claim_next(&mut self, limit: usize) -> Option<ClaimResult> {
        let ids = tokio::select! {
            biased;
            () = self.process.stop.cancelled() => return None,
            ids = self.source.next_ids(limit) => ids,
        };
        let ids = self.claimant.begin_claims(ids);
        if ids.is_empty() {
            return Some((ids, Ok(Vec::new())));
        }
        let claims = claim::claim_jobs(self.process.db.hot(), self.process.worker_id, &ids).await;
        Some((ids, claims))
    }

    /// Finds out which of the unconfirmed `ids` this process has claimed.
    async fn confirm_claims(&self, ids: Vec<Uuid>) -> ClaimResult {
        // Before the rows are read: a claim that ends meanwhile is then known all the same. No
        // other fetcher claims these ids while they are pending.
        let known: HashSet<_> = self.process.claims.snapshot().held().collect();
        let claims =
            claim::list_held_claims(self.process.db.hot(), self.process.worker_id, &ids).await;
        let claims = claims.map(|mut claims| {
            claims.retain(|claim| !known.contains(&claim.key()));
            claims
        });
        (ids, claims)
    }

    /// Sends claimed jobs to apalis. Returns `false` if apalis no longer takes jobs and the process
    /// isn't stopping.
    async fn assign_jobs(
        &self,
        ids: &[Uuid],
        claims: Vec<Claim>,
        mut free: OwnedSemaphorePermit,
    ) -> bool {
        let guards = self.claimant.settle_claims(ids, &claims);
        let mut may_continue = true;
        for (claim, guard) in claims.into_iter().zip(guards) {
            // There are as many permits as ids, and the channel holds as many: neither is missing
            // while apalis runs.
            let unsent = match free.split(1) {
                Some(slot) => {
                    let assignment = Assignment { claim, guard, slot };
                    let sent = self.assignments.send(assignment).await;
                    sent.err().map(|unsent| (unsent.0.claim, unsent.0.guard))
                }
                None => Some((claim, guard)),
            };
            if let Some((claim, guard)) = unsent {
                may_continue = self.process.stop.is_cancelled();
                guard.leave_over(claim);
            }
        }
        may_continue
    }

    /// Acquires up to `max_claims` free slots, at least one. Returns `None` once the process stops.
    async fn acquire_free_slots(&self) -> Option<OwnedSemaphorePermit> {
        let mut free = tokio::select! {
            biased;
            () = self.process.stop.cancelled() => return None,
            slot = self.slots.clone().acquire_owned() => slot.ok()?,
        };
        let more = self.slots.available_permits().min(self.max_claims - 1);
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        if let Ok(rest) = self.slots.clone().try_acquire_many_owned(more) {
            free.merge(rest);
        }
        Some(free)
    }
}
