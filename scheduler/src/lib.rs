//! The scheduler process: fires each due tick of each schedule once.
//!
//! The leader's lease only saves other schedulers the work. A tick's row makes a second firing
//! impossible. The caller passes the schedules, so this crate knows no job type.

use std::time::Duration;

use platform::db::Db;
use platform::ids::Uuid;
use platform::queue::lease;
use platform::queue::schedule::{self, Fired, ScheduleSpec};
use tokio_util::sync::CancellationToken;

/// Runs until `stop`. Database errors are logged and the round is repeated; missed ticks stay due.
pub async fn run(db: Db, specs: Vec<ScheduleSpec>, stop: CancellationToken) {
    let lease_holder = Uuid::new_v4();
    let mut is_declared = false;
    loop {
        let wait = match run_round(&db, &specs, lease_holder, &mut is_declared).await {
            Ok(wait) => wait,
            Err(cause) => {
                tracing::warn!(%cause, "scheduler failed, retrying");
                lease::RENEW_EVERY
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
    if let Err(cause) = lease::release_lease(db.engine(), "scheduler", lease_holder).await {
        tracing::debug!(%cause, "scheduler's lease not released");
    }
}

/// Fires what is due if this process leads. Returns the wait until the next round.
async fn run_round(
    db: &Db,
    specs: &[ScheduleSpec],
    lease_holder: Uuid,
    is_declared: &mut bool,
) -> sqlx::Result<Duration> {
    if !*is_declared {
        schedule::declare_schedules(db, specs).await?;
        *is_declared = true;
    }
    if !lease::acquire_lease(db.engine(), "scheduler", lease_holder).await? {
        return Ok(lease::RENEW_EVERY);
    }
    let Fired {
        ticks,
        next_at,
        now,
    } = schedule::fire_due_ticks(db, specs).await?;
    if ticks > 0 {
        tracing::info!(ticks, "ticks fired");
    }
    let until_next = next_at.and_then(|next| (next - now).to_std().ok());
    Ok(until_next.map_or(lease::RENEW_EVERY, |wait| wait.min(lease::RENEW_EVERY)))
}
