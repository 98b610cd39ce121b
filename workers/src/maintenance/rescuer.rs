//! The rescuer: the process that leads it rescues the jobs of lost workers and sets the gauges.

use std::time::{Duration, Instant};

use platform::ids::Uuid;
use platform::queue::{lease, rescue};
use sqlx::PgPool;

use super::{Maintenance, gauges};

const GAUGES_INTERVAL: Duration = Duration::from_secs(5);

/// Whether an old heartbeat means that its worker is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stability {
    /// Heartbeats could be sent for long enough.
    Stable,
    /// After a stall of this process or of the database, the heartbeats of other workers are as
    /// late as ours.
    Recovering,
}

impl Maintenance {
    pub(super) async fn run_rescuer(&self, pool: &PgPool) {
        let holder = Uuid::new_v4();
        let interval = (self.config.heartbeat / 2).min(lease::RENEW_EVERY);
        let mut stable_since = Instant::now();
        let mut last_round_at = Instant::now();
        let mut gauges_due_at = Instant::now();
        while self.sleep_unless_stopped(interval).await {
            if last_round_at.elapsed() > interval + self.config.heartbeat {
                stable_since = Instant::now();
            }
            last_round_at = Instant::now();
            let stability = if stable_since.elapsed() >= self.config.dead_after() {
                Stability::Stable
            } else {
                Stability::Recovering
            };
            match self.lead_rescue(pool, holder, stability).await {
                Ok(true) if gauges_due_at <= Instant::now() => {
                    gauges_due_at = Instant::now() + GAUGES_INTERVAL;
                    if let Err(cause) = gauges::set_gauges(pool).await {
                        tracing::debug!(%cause, "gauges not set");
                    }
                }
                Ok(_) => {}
                Err(cause) => {
                    stable_since = Instant::now();
                    tracing::warn!(%cause, "rescue failed, retrying");
                }
            }
        }
        if let Err(cause) = lease::release_lease(pool, "rescuer", holder).await {
            tracing::debug!(%cause, "rescuer's lease not released");
        }
    }

    /// Returns whether this process leads.
    async fn lead_rescue(
        &self,
        pool: &PgPool,
        holder: Uuid,
        stability: Stability,
    ) -> sqlx::Result<bool> {
        if !lease::acquire_lease(pool, "rescuer", holder).await? {
            return Ok(false);
        }
        if stability == Stability::Stable {
            let rescued = rescue::rescue_lost_workers(pool, self.config.dead_after()).await?;
            if rescued != rescue::Rescued::default() {
                report_rescue(rescued);
                // The relay may run in another process.
                platform::queue::notify_relay(pool).await?;
            }
        }
        Ok(true)
    }
}

fn report_rescue(rescued: rescue::Rescued) {
    tracing::warn!(
        requeued = rescued.requeued,
        parked = rescued.parked,
        finished = rescued.finished,
        "rescued the jobs of lost workers"
    );
    let count = |n: i64| u64::try_from(n).unwrap_or_default();
    metrics::counter!("vigie_jobs_rescued_total").increment(count(rescued.requeued));
    metrics::counter!("vigie_jobs_parked_total", "reason" => "poison")
        .increment(count(rescued.parked));
}
