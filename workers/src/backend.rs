//! Our backend on apalis-core's traits: it emits jobs that a fetcher has already claimed. It never
//! fails and never acknowledges: state, results and retries are in Postgres.

use std::convert::Infallible;
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

#[derive(Debug)]
pub(crate) struct ClaimedJobs {
    pub(crate) assignments: mpsc::Receiver<Assignment>,
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
        self.assignments
            .poll_recv(cx)
            .map(|next| next.map(|assignment| Ok(Task::new(assignment))))
    }

    fn poll_close(
        &mut self,
        _cx: &mut Context<'_>,
        _worker: &WorkerContext,
    ) -> Poll<Result<(), Infallible>> {
        self.assignments.close();
        while let Ok(Assignment { claim, guard, .. }) = self.assignments.try_recv() {
            guard.leave_over(claim);
        }
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
