//! What apalis calls for each claimed job. Always well: how the job ended is in Postgres.

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
    /// Set when the grace period is over: running jobs are given back.
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
    pub(crate) async fn handle(self, assignment: Assignment) {
        let Assignment {
            claim,
            slot,
            entered,
        } = assignment;
        self.runner
            .run(claim, entered.cancel.clone(), &self.stop_now)
            .await;
        drop(slot);
    }
}

/// Makes a claimed job wait again at once, the try unspent. Failing is no loss: the rescuer takes the
/// job once this process is gone.
pub(crate) async fn give_back(db: &Db, claim: &Claim) {
    let action = FailureAction::requeue_on_stop();
    let recorded = match db.hot().acquire().await {
        Ok(mut conn) => failure::record_failure(&mut conn, claim, &action).await,
        Err(cause) => Err(cause),
    };
    match recorded {
        Ok(_) => db.notify_relay(),
        Err(cause) => {
            tracing::warn!(job_id = %claim.id, %cause, "job not given back, it will be rescued")
        }
    }
}
