//! Liveness of worker processes. A process sends heartbeats every few seconds, by the database's
//! own clock; its jobs need none.

use std::time::Duration;

use sqlx::{PgExecutor, PgPool};

use crate::ids::{JobId, Uuid};

/// Age of its last heartbeat beyond which a worker claims nothing. The rescuer's configured limit
/// is at most this.
pub const MAX_HEARTBEAT_AGE: Duration = Duration::from_secs(8);

/// Registers a worker process and returns its number.
pub async fn register_worker(pool: &PgPool, name: &str) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "insert into workers (name, started_at, heartbeat_at)
         values ($1, statement_timestamp(), statement_timestamp()) returning id",
        name,
    )
    .fetch_one(pool)
    .await
}

/// Records a heartbeat. Returns those of the worker's `running` jobs whose cancellation was
/// requested.
pub async fn record_heartbeat(
    db: impl PgExecutor<'_>,
    worker: i32,
    running: &[Uuid],
) -> sqlx::Result<Vec<JobId>> {
    sqlx::query_scalar!(
        r#"
        with heartbeat as (
            update workers set heartbeat_at = statement_timestamp(), stopped_at = null
            where id = $1
        )
        select id as "id: JobId" from jobs_open where id = any($2) and cancel_requested
        "#,
        worker,
        running,
    )
    .fetch_all(db)
    .await
}

/// Marks a worker as stopped. A worker that still holds jobs stays unmarked: they are rescued once
/// its heartbeat is old.
pub async fn record_stop(pool: &PgPool, worker: i32) -> sqlx::Result<()> {
    sqlx::query!(
        "update workers set stopped_at = statement_timestamp()
         where id = $1
           and not exists (select from jobs_open where worker_id = $1 and state = 'running')",
        worker,
    )
    .execute(pool)
    .await?;
    Ok(())
}
