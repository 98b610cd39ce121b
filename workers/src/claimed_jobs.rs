//! The backend of our apalis workers: it emits jobs that a fetcher has already claimed. It never
//! fails and never acknowledges: state, results and retries are in Postgres.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::task::task_id::RandomId;
use apalis_core::worker::context::WorkerContext;
use platform::queue::{Claim, ClaimGuard};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tower::layer::util::Identity;

/// A claimed job with the slot that it fills.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) claim: Claim,
    pub(crate) guard: ClaimGuard,
    pub(crate) slot: OwnedSemaphorePermit,
}

/// The claimed jobs of one queue that apalis has not taken yet. Clones share the jobs.
#[derive(Debug, Clone)]
pub(crate) struct ClaimedJobs(Arc<Mutex<mpsc::Receiver<Assignment>>>);

impl ClaimedJobs {
    pub(crate) fn new(assignments: mpsc::Receiver<Assignment>) -> Self {
        Self(Arc::new(Mutex::new(assignments)))
    }

    /// Hands out no more jobs. Those that apalis has not taken are left over.
    ///
    /// apalis itself closes its backend only after the last running job has ended.
    pub(crate) fn close(&self) {
        let mut assignments = self.lock();
        assignments.close();
        while let Ok(Assignment { claim, guard, .. }) = assignments.try_recv() {
            guard.leave_over(claim);
        }
    }

    fn lock(&self) -> MutexGuard<'_, mpsc::Receiver<Assignment>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for ClaimedJobs {
    type Task = Task<Assignment>;
    type Error = Infallible;

    fn poll_ready(
        &mut self,
        _cx: &mut Context<'_>,
        _worker: &WorkerContext,
    ) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _worker: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Infallible>>> {
        self.lock()
            .poll_recv(cx)
            .map(|next| next.map(|assignment| Ok(Task::new(assignment))))
    }

    fn poll_close(
        &mut self,
        _cx: &mut Context<'_>,
        _worker: &WorkerContext,
    ) -> Poll<Result<(), Infallible>> {
        self.close();
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for ClaimedJobs {
    type Args = Assignment;
    type Id = RandomId;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = Identity;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _worker: &mut WorkerContext) -> Identity {
        Identity::new()
    }
}

#[cfg(test)]
mod tests {
    use platform::ids::{JobId, Uuid};
    use platform::queue::ClaimTracker;
    use tokio::sync::Semaphore;

    use super::*;

    fn new_claim() -> Claim {
        Claim {
            id: JobId::new(),
            company: None,
            kind: "test".to_owned(),
            version: 1,
            args: "{}".to_owned(),
            fence: 1,
            attempt: 1,
            max_attempts: 1,
            run_at: chrono::DateTime::UNIX_EPOCH,
            started_at: chrono::DateTime::UNIX_EPOCH,
            request_id: None,
            traceparent: None,
        }
    }

    #[tokio::test]
    async fn jobs_that_apalis_has_not_taken_are_left_over_while_another_runs() {
        let tracker = ClaimTracker::default();
        let slots = Arc::new(Semaphore::new(2));
        let (sender, receiver) = mpsc::channel(2);
        let jobs = ClaimedJobs::new(receiver);
        let claims = [new_claim(), new_claim()];
        let guards = tracker.new_claimant().settle_claims(&[], &claims);
        for (claim, guard) in claims.iter().cloned().zip(guards) {
            let slot = slots.clone().acquire_owned().await.unwrap();
            let assignment = Assignment { claim, guard, slot };
            sender.send(assignment).await.unwrap();
        }
        let running = jobs.lock().try_recv().unwrap();

        jobs.close();

        let leftovers: Vec<Uuid> = tracker.take_leftovers().iter().map(|c| c.id.0).collect();
        assert_eq!(leftovers, [claims[1].id.0]);
        assert_eq!(tracker.snapshot().running, [running.claim.key()]);
        assert_eq!(slots.available_permits(), 1);
        let refused = sender.reserve().await;
        assert!(refused.is_err(), "closed jobs take no more");
    }
}
