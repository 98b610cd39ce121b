//! The heartbeat: shows that the process lives, and receives the requests to cancel its jobs.

use std::time::Duration;

use platform::db::with_deadline;
use platform::ids::JobId;
use platform::queue::liveness;
use sqlx::PgPool;

use super::Maintenance;

/// After two missed deadlines the worker still isn't lost.
const HEARTBEAT_DEADLINE: Duration = Duration::from_secs(2);

impl Maintenance {
    pub(super) async fn run_heartbeat(&self, pool: &PgPool) {
        while self.sleep_unless_stopped(self.config.heartbeat).await {
            let blocked_for = self.runtime_last_seen.elapsed();
            // Nothing but this thread goes on, so other workers must take the jobs.
            if blocked_for > self.config.dead_after() {
                tracing::error!(
                    seconds = blocked_for.as_secs(),
                    "every thread of the jobs is blocked, sending no heartbeat"
                );
                continue;
            }
            match self.send_heartbeat(pool).await {
                Ok(cancelled) => {
                    self.process.last_heartbeat.record_now();
                    for id in cancelled {
                        self.process.claims.cancel_job(id);
                    }
                }
                Err(cause) => tracing::warn!(%cause, "heartbeat missed"),
            }
        }
    }

    /// Returns the running jobs whose cancellation is requested. A connection that misses the
    /// deadline is dropped: the next heartbeat takes another.
    async fn send_heartbeat(&self, pool: &PgPool) -> sqlx::Result<Vec<JobId>> {
        let running = self.process.claims.snapshot().running;
        let running: Vec<_> = running.into_iter().map(|(id, _)| id).collect();
        with_deadline(pool, HEARTBEAT_DEADLINE, async |conn| {
            liveness::record_heartbeat(conn, self.process.worker_id, &running).await
        })
        .await
    }
}
