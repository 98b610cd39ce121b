//! Claiming: ids become jobs that this process may run. One statement per batch; a row that is
//! running, gone, not yet due or asked to stop is left out.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::queue_name::Queue;
use super::rescue::DEAD_AFTER;
use crate::db::{STATEMENT_DEADLINE, with_deadline};
use crate::ids::{CompanyId, JobId, Uuid};

/// A job that this process may run: it holds the fence until another claim raises it.
#[derive(Debug, Clone)]
pub struct Claim {
    pub id: JobId,
    pub company: Option<CompanyId>,
    pub kind: String,
    pub version: i16,
    pub args: String,
    pub queue: i16,
    pub fence: i32,
    /// Number of this attempt, from 1.
    pub attempt: i16,
    pub max_attempts: i16,
    pub run_at: DateTime<Utc>,
    /// The database's time of the claim: the job's `now`.
    pub started_at: DateTime<Utc>,
    pub request_id: Option<String>,
    pub traceparent: Option<String>,
}

/// Claims those of `ids` that wait and are due. Each claim raises the fence and spends an attempt. A
/// worker whose heartbeat is older than [`DEAD_AFTER`] claims nothing: its
/// rescue may be done with.
///
/// The sum with nothing keeps the planner from reading every due row by the index on `run_at`.
///
/// # Errors
/// The database's; the rows then stay as they were.
pub async fn by_ids(pool: &PgPool, worker: i32, ids: &[Uuid]) -> sqlx::Result<Vec<Claim>> {
    let rows = sqlx::query_as!(
        Claim,
        r#"
        with claimed as (
            update jobs_open r
            set state = 1, fence = r.fence + 1, attempt = r.attempt + 1, worker_id = $1,
                started_at = (select engine_now())
            where r.id = any($2) and r.state = 0 and r.run_at + interval '0' <= (select engine_now())
              and not r.cancel_requested
              and exists (select from workers
                          where id = $1 and heartbeat_at > statement_timestamp() - make_interval(secs => $3))
            returning r.*
        )
        select c.id as "id!: _", c.company_id as "company: CompanyId", c.kind as "kind!",
               b.version as "version!", b.args as "args!", c.queue as "queue!", c.fence as "fence!",
               c.attempt as "attempt!", c.max_attempts as "max_attempts!", c.run_at as "run_at!",
               c.started_at as "started_at!", b.request_id, b.traceparent
        from claimed c
        join job_bodies b on b.id = c.id
        "#,
        worker,
        ids,
        DEAD_AFTER.as_secs_f64(),
    );
    with_deadline(pool, STATEMENT_DEADLINE, async |conn| {
        rows.fetch_all(conn).await
    })
    .await
}

/// Those of `ids` that `worker` holds: what became of a claim whose answer was lost.
///
/// # Errors
/// The database's.
pub async fn held(pool: &PgPool, worker: i32, ids: &[Uuid]) -> sqlx::Result<Vec<Claim>> {
    let rows = sqlx::query_as!(
        Claim,
        r#"
        select r.id as "id: _", r.company_id as "company: CompanyId", r.kind, b.version, b.args, r.queue, r.fence,
               r.attempt, r.max_attempts, r.run_at, r.started_at as "started_at!", b.request_id, b.traceparent
        from jobs_open r
        join job_bodies b on b.id = r.id
        where r.id = any($2) and r.worker_id = $1 and r.state = 1
        "#,
        worker,
        ids,
    );
    with_deadline(pool, STATEMENT_DEADLINE, async |conn| {
        rows.fetch_all(conn).await
    })
    .await
}

/// Up to `limit` due jobs of `queue` (of all queues where `None`), oldest first, after a place in that
/// order: how workers go on without Redis, and how tests drain. Rows that another process is claiming
/// are passed over.
///
/// # Errors
/// The database's.
pub async fn due_after(
    pool: &PgPool,
    queue: Option<Queue>,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> sqlx::Result<Vec<(DateTime<Utc>, Uuid)>> {
    let (time, id) = after.unwrap_or((DateTime::UNIX_EPOCH, Uuid::nil()));
    let queues: Vec<i16> = queue.map_or_else(
        || Queue::ALL.map(Queue::code).to_vec(),
        |queue| vec![queue.code()],
    );
    let rows = sqlx::query!(
        r#"
        select r.run_at, r.id
        from unnest($1::int2[]) q cross join lateral (
            select run_at, id from jobs_open
            where queue = q and (run_at, id) > ($3, $4) and run_at <= (select engine_now()) and state = 0
              and not cancel_requested
            order by run_at, id
            limit $2
            for update skip locked
        ) r
        order by r.run_at, r.id
        limit $2
        "#,
        &queues,
        limit,
        time,
        id,
    );
    let due = with_deadline(pool, STATEMENT_DEADLINE, async |conn| {
        rows.fetch_all(conn).await
    })
    .await?;
    Ok(due.into_iter().map(|row| (row.run_at, row.id)).collect())
}
