//! Claims: ids become jobs that this process may run, one statement per batch. Jobs that are
//! running, gone, not yet due or requested to stop are left out.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::liveness::MAX_HEARTBEAT_AGE;
use super::queue_name::Queue;
use crate::db::{STATEMENT_DEADLINE, with_deadline};
use crate::ids::{CompanyId, JobId, Uuid};

/// A job's id and the fence of its claim.
pub type ClaimKey = (Uuid, i32);

/// A job that this process may run: it holds the fence until another claim raises it.
#[derive(Debug, Clone)]
pub struct Claim {
    pub id: JobId,
    pub company: Option<CompanyId>,
    pub kind: String,
    pub version: i16,
    pub args: String,
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

impl Claim {
    /// Returns what identifies this claim among all claims of the job.
    pub fn key(&self) -> ClaimKey {
        (self.id.0, self.fence)
    }
}

/// Claims those of `ids` that wait and are due. Each claim raises the fence and spends an attempt.
///
/// A worker without a heartbeat for [`MAX_HEARTBEAT_AGE`] claims nothing, because its jobs may
/// already have been rescued.
pub async fn claim_jobs(pool: &PgPool, worker: i32, ids: &[Uuid]) -> sqlx::Result<Vec<Claim>> {
    let rows = sqlx::query_as!(
        Claim,
        r#"
        -- `+ interval '0'` prevents an index scan on run_at, which would read every due row.
        with claimed as (
            update jobs_open o
            set state = 'running', fence = o.fence + 1, attempt = o.attempt + 1, worker_id = $1,
                started_at = (select engine_now())
            where o.id = any($2) and o.state = 'waiting'
              and o.run_at + interval '0' <= (select engine_now())
              and not o.cancel_requested
              and exists (select from workers
                          where id = $1
                            and heartbeat_at > statement_timestamp() - make_interval(secs => $3))
            returning o.*
        )
        select c.id as "id!: _", c.company_id as "company: CompanyId", c.kind as "kind!",
               b.version as "version!", b.args as "args!", c.fence as "fence!",
               c.attempt as "attempt!", c.max_attempts as "max_attempts!", c.run_at as "run_at!",
               c.started_at as "started_at!", b.request_id, b.traceparent
        from claimed c
        join job_bodies b on b.id = c.id
        "#,
        worker,
        ids,
        MAX_HEARTBEAT_AGE.as_secs_f64(),
    );
    with_deadline(pool, STATEMENT_DEADLINE, async |conn| {
        rows.fetch_all(conn).await
    })
    .await
}

/// Lists those of `ids` that `worker` holds: the result of an unconfirmed claim.
pub async fn list_held_claims(
    pool: &PgPool,
    worker: i32,
    ids: &[Uuid],
) -> sqlx::Result<Vec<Claim>> {
    let rows = sqlx::query_as!(
        Claim,
        r#"
        select o.id as "id: _", o.company_id as "company: CompanyId", o.kind, b.version, b.args,
               o.fence, o.attempt, o.max_attempts, o.run_at, o.started_at as "started_at!",
               b.request_id, b.traceparent
        from jobs_open o
        join job_bodies b on b.id = o.id
        where o.id = any($2) and o.worker_id = $1 and o.state = 'running'
        "#,
        worker,
        ids,
    );
    with_deadline(pool, STATEMENT_DEADLINE, async |conn| {
        rows.fetch_all(conn).await
    })
    .await
}

/// Lists up to `limit` due jobs of `queue` (`None`: of all queues), oldest first, that follow a
/// place in that order. Rows that another process is claiming are skipped.
///
/// Workers use it while Redis is away, and tests to drain the queue.
pub async fn list_claimable(
    pool: &PgPool,
    queue: Option<Queue>,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> sqlx::Result<Vec<(DateTime<Utc>, Uuid)>> {
    let queues: Vec<i16> = match queue {
        Some(queue) => vec![queue.code()],
        None => Queue::ALL.map(Queue::code).to_vec(),
    };
    let (time, id) = after.unwrap_or((DateTime::UNIX_EPOCH, Uuid::nil()));
    let rows = sqlx::query!(
        r#"
        select o.run_at, o.id
        from unnest($1::int2[]) q
        cross join lateral (
            select run_at, id from jobs_open
            where queue = q and (run_at, id) > ($3, $4) and run_at <= (select engine_now())
              and state = 'waiting' and not cancel_requested
            order by run_at, id
            limit $2
            for update skip locked
        ) o
        order by o.run_at, o.id
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
