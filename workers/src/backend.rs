//! Our backend on apalis-core's traits: it emits jobs that the fetcher has already claimed. It never
//! fails and never acknowledges: state, results and retries are Postgres's.

use std::convert::Infallible;
use std::task::{Context, Poll};

use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::task::task_id::RandomId;
use apalis_core::worker::context::WorkerContext;
use platform::queue::Claim;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tower::layer::util::Identity;

use crate::running::Entered;

/// A claimed job with the slot that it fills.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) claim: Claim,
    pub(crate) slot: OwnedSemaphorePermit,
    /// Counts it as this process's until it ends.
    pub(crate) entered: Entered,
}

#[derive(Debug)]
pub(crate) struct ClaimedJobs {
    pub(crate) assignments: mpsc::Receiver<Assignment>,
    /// Where jobs go that were claimed and never started.
    pub(crate) leftover: mpsc::UnboundedSender<Claim>,
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
        while let Ok(assignment) = self.assignments.try_recv() {
            // The receiver outlives every worker of the process.
            let _ = self.leftover.send(assignment.claim);
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
