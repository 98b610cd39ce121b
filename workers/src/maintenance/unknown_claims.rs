//! Requeues jobs that belong to this process by their rows and that it doesn't hold.

use std::time::Duration;

use platform::queue::rescue;
use sqlx::PgPool;

use super::Maintenance;

/// Such jobs are rare, and none is requeued within a minute of its claim.
const REQUEUE_INTERVAL: Duration = Duration::from_secs(60);

impl Maintenance {
    pub(super) async fn requeue_unknown_claims(&self, pool: &PgPool) {
        while self.sleep_unless_stopped(REQUEUE_INTERVAL).await {
            // Before the rows are read: a claim that ends meanwhile is then known all the same.
            let snapshot = self.process.claims.snapshot();
            let known: Vec<_> = snapshot.held().collect();
            let worker_id = self.process.worker_id;
            match rescue::requeue_unknown_claims(pool, worker_id, &known, &snapshot.pending).await {
                Ok(0) => {}
                Ok(jobs) => {
                    tracing::error!(jobs, "requeued jobs that were claimed and never started");
                    if let Err(cause) = platform::queue::notify_relay(pool).await {
                        tracing::debug!(%cause, "relay not notified");
                    }
                }
                Err(cause) => tracing::warn!(%cause, "unknown claims not requeued"),
            }
        }
    }
}
