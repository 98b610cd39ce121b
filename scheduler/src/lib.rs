//! The clock process: fires each due tick of each schedule once. The leader's lease only spares the
//! others the work; a tick's row is what makes a second firing impossible. Knows no job type: the
//! schedules are given to it.

use std::time::Duration;

use platform::db::Db;
use platform::ids::Uuid;
use platform::queue::lease;
use platform::queue::schedule::{self, Fired, ScheduleSpec};
use tokio_util::sync::CancellationToken;

/// Runs until told to stop. Trouble with the database is logged and tried again: missed ticks are due
/// still.
pub async fn run(db: Db, specs: Vec<ScheduleSpec>, stop: CancellationToken) {
    let holder = Uuid::new_v4();
    let mut declared = false;
    loop {
        let wait = match turn(&db, &specs, holder, &mut declared).await {
            Ok(wait) => wait,
            Err(cause) => {
                tracing::warn!(%cause, "scheduler in trouble");
                lease::RENEW_EVERY
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
    if let Err(cause) = lease::release_lease(db.engine(), "scheduler", holder).await {
        tracing::debug!(%cause, "scheduler's lease not given up");
    }
}

/// One look; gives how long to wait for the next.
async fn turn(
    db: &Db,
    specs: &[ScheduleSpec],
    holder: Uuid,
    declared: &mut bool,
) -> sqlx::Result<Duration> {
    if !*declared {
        schedule::declare_schedules(db, specs).await?;
        *declared = true;
    }
    if !lease::acquire_lease(db.engine(), "scheduler", holder).await? {
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
