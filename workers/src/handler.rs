//! The function that apalis calls for each claimed job. It returns nothing to apalis: the outcome
//! is recorded in Postgres.

use platform::db::Db;
use platform::queue::Claim;
use platform::queue::failure::{self, FailureAction};
use platform::queue::runner::Runner;
use tokio_util::sync::CancellationToken;

use crate::claimed_jobs::Assignment;

/// Runs jobs for all queues of the process.
#[derive(Debug)]
pub(crate) struct Handler<S> {
    pub(crate) runner: Runner<S>,
    /// Cancelled when the grace period is over: running jobs are then requeued.
    pub(crate) stop_now: CancellationToken,
}

impl<S> Clone for Handler<S> {
    fn clone(&self) -> Self {
        Self {
            runner: self.runner.clone(),
            stop_now: self.stop_now.clone(),
        }
    }
}

impl<S: Send + Sync + 'static> Handler<S> {
    pub(crate) async fn run_job(self, assignment: Assignment) {
        let Assignment { claim, guard, slot } = assignment;
        self.runner
            .run(claim, guard.cancel_token(), &self.stop_now)
            .await;
        // Until the outcome is recorded, the claim is held and its slot taken.
        drop(guard);
        drop(slot);
    }
}

/// Requeues claimed jobs that nobody ran, their attempts unspent. A job that can't be requeued is
/// rescued once this process is gone.
pub(crate) async fn requeue_jobs(db: &Db, claims: Vec<Claim>) {
    for claim in claims {
        let recorded = match db.hot().acquire().await {
            Ok(mut conn) => {
                failure::record_failure(&mut conn, &claim, &FailureAction::Requeue).await
            }
            Err(cause) => Err(cause),
        };
        match recorded {
            Ok(_) => db.notify_relay(),
            Err(cause) => {
                tracing::warn!(job_id = %claim.id, %cause, "job not requeued, it will be rescued")
            }
        }
    }
}
