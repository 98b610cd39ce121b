//! Rescue of orphaned jobs: running jobs whose worker is lost, or that their worker doesn't know.
//!
//! A job rescued from a lost worker has spent that attempt; a job whose worker doesn't know it has
//! not. A job that loses its worker twice is parked, because it may be what kills the workers. A
//! reconciler whose rerun was requested meanwhile would run again anyway, so it is parked after
//! twice as many losses.

use std::time::Duration;

use sqlx::PgPool;

use crate::ids::Uuid;

/// Lost workers after which a job is parked.
const MAX_LOST_WORKERS: i32 = 2;
/// How long a lost worker's jobs are looked for: longer than any claim takes to commit.
const ORPHAN_SEARCH_TIME: Duration = Duration::from_secs(60);

/// Requeues jobs that a living worker claimed more than a minute ago and doesn't know, their
/// attempts unspent. Jobs whose cancellation was requested end instead. Returns how many.
///
/// A claim whose connection broke may commit after the worker has searched for it, and nobody
/// rescues the jobs of a living worker. `known` are the claims in the worker's hands, by job and
/// fence, collected before this call. `unconfirmed` are the jobs whose claims it still searches
/// for.
pub async fn requeue_unknown_claims(
    pool: &PgPool,
    worker: i32,
    known: &[(Uuid, i32)],
    unconfirmed: &[Uuid],
) -> sqlx::Result<i64> {
    let (ids, fences): (Vec<_>, Vec<_>) = known.iter().copied().unzip();
    sqlx::query_file_scalar!(
        "src/queue/requeue_unknown_claims.sql",
        worker,
        &ids,
        &fences,
        unconfirmed,
    )
    .fetch_one(pool)
    .await
}

/// How many jobs one rescue moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rescued {
    pub requeued: i64,
    pub parked: i64,
    /// Dead, or cancelled as requested.
    pub finished: i64,
}

/// Rescues the jobs of workers without a heartbeat for longer than `dead_after`. It is safe to call
/// anywhere, any number of times, by a process that wasn't itself stalled just before.
pub async fn rescue_lost_workers(pool: &PgPool, dead_after: Duration) -> sqlx::Result<Rescued> {
    let lost = sqlx::query_scalar!(
        "select id from workers
         where stopped_at is null
           and heartbeat_at < statement_timestamp() - make_interval(secs => $1)",
        dead_after.as_secs_f64(),
    )
    .fetch_all(pool)
    .await?;
    if lost.is_empty() {
        return Ok(Rescued::default());
    }
    let rescued = rescue_jobs(pool, &lost).await?;
    sqlx::query!(
        "update workers set stopped_at = statement_timestamp()
         where id = any($1) and heartbeat_at < statement_timestamp() - make_interval(secs => $2)
           and not exists (select from jobs_open
                           where worker_id = workers.id and state = 'running')",
        &lost,
        ORPHAN_SEARCH_TIME.as_secs_f64(),
    )
    .execute(pool)
    .await?;
    Ok(rescued)
}

async fn rescue_jobs(pool: &PgPool, lost_workers: &[i32]) -> sqlx::Result<Rescued> {
    sqlx::query_file_as!(
        Rescued,
        "src/queue/rescue_jobs.sql",
        lost_workers,
        MAX_LOST_WORKERS,
    )
    .fetch_one(pool)
    .await
}
