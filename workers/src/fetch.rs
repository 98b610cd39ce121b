//! Fetchers: each takes ids for its share of the free slots, claims them in one statement, hands them to
//! apalis. A busy queue has two, so that one batch is on its way while the other's claim is committed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use platform::db::Db;
use platform::ids::Uuid;
use platform::queue::batch::Completions;
use platform::queue::liveness::DEAD_AFTER;
use platform::queue::{Claim, claim};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::backend::Assignment;
use crate::mark::Mark;
use crate::running::{Claiming, Running};
use crate::source::Source;

const WITHOUT_HEARTBEAT: Duration = Duration::from_millis(500);

/// What all fetchers of a process share.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) db: Db,
    pub(crate) worker: i32,
    pub(crate) running: Running,
    pub(crate) claiming: Claiming,
    pub(crate) completions: Completions,
    /// When the heart last beat.
    pub(crate) beaten: Mark,
    /// Where jobs go that were claimed and can't be handed on.
    pub(crate) leftover: mpsc::UnboundedSender<Claim>,
    pub(crate) stop: CancellationToken,
}

pub(crate) struct Fetcher {
    pub(crate) process: Process,
    pub(crate) source: Source,
    /// Of the queue, which its fetchers share.
    pub(crate) slots: Arc<Semaphore>,
    /// The most jobs that it takes at once.
    pub(crate) share: usize,
    pub(crate) assignments: mpsc::Sender<Assignment>,
    /// Ids whose claim failed: it may have been committed all the same, and nobody would rescue them
    /// while this process shows that it lives.
    pub(crate) doubtful: Vec<Uuid>,
}

impl Fetcher {
    /// Runs until told to stop. Ids that were popped and not claimed, a pop that the stop cuts short
    /// included, are pushed again by the relay's look-back.
    pub(crate) async fn run(mut self) {
        while let Some(free) = self.free_slots().await {
            // Nothing can be claimed, and ids that it pops are kept from those who could.
            if self.process.beaten.ago() > DEAD_AFTER {
                tracing::warn!("no heartbeat: no jobs are taken");
                tokio::time::sleep(WITHOUT_HEARTBEAT).await;
                continue;
            }
            let (ids, claims) = if self.doubtful.is_empty() {
                let ids = tokio::select! {
                    biased;
                    () = self.process.stop.cancelled() => return,
                    ids = self.source.next(free.num_permits()) => ids,
                };
                let ids = self.process.claiming.begin(ids);
                if ids.is_empty() {
                    continue;
                }
                let claims =
                    claim::claim_jobs(self.process.db.hot(), self.process.worker, &ids).await;
                (ids, claims)
            } else {
                let ids = self
                    .doubtful
                    .split_off(self.doubtful.len().saturating_sub(free.num_permits()));
                let claims = self.held(&ids).await;
                (ids, claims)
            };
            match claims {
                Ok(claims) => {
                    let is_taken = self.hand_on(claims, free).await;
                    self.process.claiming.end(&ids);
                    if !is_taken {
                        tracing::error!("nobody takes the jobs of this queue");
                        return;
                    }
                }
                Err(cause) => {
                    tracing::warn!(%cause, ids = ids.len(), "not known whether jobs were claimed");
                    self.doubtful.extend(ids);
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }

    /// What was claimed of `ids` without our knowing.
    async fn held(&self, ids: &[Uuid]) -> sqlx::Result<Vec<Claim>> {
        let Process {
            running,
            completions,
            ..
        } = &self.process;
        // Before the rows are read, and in the order in which a claim passes through the two: one that ends
        // meanwhile is among the known all the same. No other fetcher claims these ids until this is settled.
        let known: HashSet<_> = running
            .claims()
            .into_iter()
            .chain(completions.open())
            .collect();
        let mut held =
            claim::list_held_claims(self.process.db.hot(), self.process.worker, ids).await?;
        held.retain(|claim| !known.contains(&(claim.id.0, claim.fence)));
        Ok(held)
    }

    /// Whether apalis took them, or the process stops.
    async fn hand_on(&self, claims: Vec<Claim>, mut free: OwnedSemaphorePermit) -> bool {
        let mut is_taken = true;
        for claim in claims {
            // There are as many permits as ids, and the channel holds as many: neither is missing while
            // apalis runs.
            let unsent = match free.split(1) {
                Some(slot) => {
                    let entered = self.process.running.enter(&claim);
                    let sent = self
                        .assignments
                        .send(Assignment {
                            claim,
                            slot,
                            entered,
                        })
                        .await;
                    sent.err().map(|refused| refused.0.claim)
                }
                None => Some(claim),
            };
            if let Some(claim) = unsent {
                is_taken = self.process.stop.is_cancelled();
                let _ = self.process.leftover.send(claim);
            }
        }
        is_taken
    }

    /// Its share of the slots that are free, at least one; `None` once it is time to stop.
    async fn free_slots(&self) -> Option<OwnedSemaphorePermit> {
        let mut free = tokio::select! {
            biased;
            () = self.process.stop.cancelled() => return None,
            slot = self.slots.clone().acquire_owned() => slot.ok()?,
        };
        let more = self.slots.available_permits().min(self.share - 1);
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        if let Ok(rest) = self.slots.clone().try_acquire_many_owned(more) {
            free.merge(rest);
        }
        Some(free)
    }
}
