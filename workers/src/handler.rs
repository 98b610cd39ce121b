//! The function that apalis calls for each claimed job. It returns nothing to apalis: the outcome
//! is recorded in Postgres.

use platform::db::Db;
use platform::queue::Claim;
use platform::queue::failure::{self, FailureAction};
use platform::queue::runner::Runner;
use tokio_util::sync::CancellationToken;

use crate::backend::Assignment;

/// Runs jobs for all queues of the process.
#[derive(Debug)]
pub(crate) struct Handler<W> {
    pub(crate) runner: Runner<W>,
    /// Cancelled when the grace period is over: running jobs are then requeued.
    pub(crate) stop_now: CancellationToken,
}

impl<W> Clone for Handler<W> {
    fn clone(&self) -> Self {
        Self {
            runner: self.runner.clone(),
            stop_now: self.stop_now.clone(),
        }
    }
}

impl<W: Send + Sync + 'static> Handler<W> {
    pub(crate) async fn run_job(self, assignment: Assignment) {
        let Assignment { claim, guard, slot } = assignment;
        self.runner
            .run(claim, guard.cancel_token(), &self.stop_now)
            .await;
        drop(slot);
    }
}

/// Reschedules a claimed job for now without spending an attempt. If this fails, the job is rescued
/// once this process is gone.
pub(crate) async fn requeue_job(db: &Db, claim: &Claim) {
    let action = FailureAction::requeue_on_stop();
    let recorded = match db.hot().acquire().await {
        Ok(mut conn) => failure::record_failure(&mut conn, claim, &action).await,
        Err(cause) => Err(cause),
    };
    match recorded {
        Ok(_) => db.notify_relay(),
        Err(cause) => {
            tracing::warn!(job_id = %claim.id, %cause, "job not requeued, it will be rescued")
        }
    }
}
