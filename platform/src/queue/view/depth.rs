//! How much of each queue is open, for metrics and readiness.

use sqlx::PgPool;

use crate::queue::QueueCode;

/// How many open jobs a queue has.
#[derive(Debug, Clone)]
pub struct QueueDepth {
    pub queue: QueueCode,
    pub due: i64,
    pub scheduled: i64,
    pub running: i64,
    /// Seconds since the oldest due job became due; 0 if none is due.
    pub oldest_seconds: f64,
}

/// Loads the depth of every queue that has open jobs.
pub async fn load_queue_depths(pool: &PgPool) -> sqlx::Result<Vec<QueueDepth>> {
    sqlx::query_as!(
        QueueDepth,
        r#"
        select queue as "queue: QueueCode",
               count(*) filter (where is_waiting and run_at <= now) as "due!",
               count(*) filter (where is_waiting and run_at > now) as "scheduled!",
               count(*) filter (where not is_waiting) as "running!",
               coalesce(extract(epoch from max(now - run_at)
                        filter (where is_waiting and run_at <= now)), 0)::float8
                 as "oldest_seconds!"
        from (
            select queue, run_at, state = 'waiting' as is_waiting, (select engine_now()) as now
            from jobs_open
        ) open
        group by queue
        "#,
    )
    .fetch_all(pool)
    .await
}

/// Loads the seconds since a leading scheduler last checked for due ticks; `None` if none ever did.
pub async fn load_scheduler_age(pool: &PgPool) -> sqlx::Result<Option<f64>> {
    sqlx::query_scalar!(
        "select greatest(0, extract(epoch from statement_timestamp() - until))::float8
         from leases where role = 'scheduler'",
    )
    .fetch_optional(pool)
    .await
    .map(Option::flatten)
}
