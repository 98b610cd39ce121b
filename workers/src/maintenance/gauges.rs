//! Gauges of all worker processes, set by the process that leads the rescue.

use platform::queue::{Queue, view};
use sqlx::PgPool;

/// Due jobs that one worker process is expected to clear within a bearable wait.
const DUE_JOBS_PER_WORKER: i64 = 2_000;

pub(super) async fn set_gauges(pool: &PgPool) -> sqlx::Result<()> {
    let depths = view::load_queue_depths(pool).await?;
    for queue in Queue::ALL {
        let depth = depths.iter().find(|d| d.queue.find_queue() == Some(queue));
        let (due, scheduled, running, oldest) = depth.map_or((0, 0, 0, 0.0), |d| {
            (d.due, d.scheduled, d.running, d.oldest_seconds)
        });
        for (state, count) in [
            ("queued", due),
            ("scheduled", scheduled),
            ("running", running),
        ] {
            metrics::gauge!("vigie_queue_depth", "queue" => queue.name(), "state" => state)
                .set(to_gauge(count));
        }
        metrics::gauge!("vigie_queue_oldest_seconds", "queue" => queue.name()).set(oldest);
    }
    if let Some(age) = view::load_scheduler_age(pool).await? {
        metrics::gauge!("vigie_scheduler_tick_age_seconds").set(age);
    }
    let due: i64 = depths.iter().map(|d| d.due).sum();
    metrics::gauge!("vigie_workers_wanted").set(to_gauge(1 + due / DUE_JOBS_PER_WORKER));
    Ok(())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a float; counts stay far below 2^52"
)]
fn to_gauge(count: i64) -> f64 {
    count as f64
}
