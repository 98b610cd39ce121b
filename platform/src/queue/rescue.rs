//! Lost workers and their jobs. Liveness is the process's: a heartbeat of seconds, by the database's
//! own clock. A job whose worker is lost waits again with the try spent; the second time it is parked,
//! for it may be what killed them. A reconciler that was asked for again meanwhile is given twice as many:
//! another round is due whatever became of this one, but not for ever.

use std::time::Duration;

use sqlx::{PgExecutor, PgPool};

use crate::ids::{JobId, Uuid};

/// A worker that hasn't shown itself for this long is lost.
pub const DEAD_AFTER: Duration = Duration::from_secs(8);
/// Rescues after which a job is parked.
const POISON: i32 = 2;
/// How long a lost worker's jobs are looked for: longer than any claim could take to commit.
const LOOK_FOR: Duration = Duration::from_secs(60);

/// Makes a worker known; gives its number.
///
/// # Errors
/// The database's.
pub async fn register(pool: &PgPool, name: &str) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "insert into workers (name, started_at, heartbeat_at)
         values ($1, statement_timestamp(), statement_timestamp()) returning id",
        name,
    )
    .fetch_one(pool)
    .await
}

/// Shows that the worker lives; gives those of its `running` jobs that were asked to stop.
///
/// # Errors
/// The database's.
pub async fn heartbeat(
    db: impl PgExecutor<'_>,
    worker: i32,
    running: &[Uuid],
) -> sqlx::Result<Vec<JobId>> {
    sqlx::query_scalar!(
        r#"
        with beat as (
            update workers set heartbeat_at = statement_timestamp(), stopped_at = null where id = $1
        )
        select id as "id: JobId" from jobs_open where id = any($2) and cancel_requested
        "#,
        worker,
        running,
    )
    .fetch_all(db)
    .await
}

/// Marks a worker that stopped by itself. One that couldn't give everything back stays unmarked: the
/// rescuer takes the rest once its heartbeat is old.
///
/// # Errors
/// The database's.
pub async fn stop(pool: &PgPool, worker: i32) -> sqlx::Result<()> {
    sqlx::query!(
        "update workers set stopped_at = statement_timestamp()
         where id = $1 and not exists (select from jobs_open where worker_id = $1 and state = 1)",
        worker,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Makes those jobs of a living worker wait again, the try unspent, that it has claimed more than a minute ago
/// and knows nothing of: a claim whose connection was cut may be committed after the worker has looked what
/// became of it, and nobody would rescue them while it lives. One that was asked to stop ends. `known` are the claims that it has in hand, by job
/// and fence, as of before this call; `unconfirmed` the jobs whose claim it is still finding out about.
///
/// # Errors
/// The database's.
pub async fn requeue_unknown_claims(
    pool: &PgPool,
    worker: i32,
    known: &[(Uuid, i32)],
    unconfirmed: &[Uuid],
) -> sqlx::Result<i64> {
    let (ids, fences): (Vec<_>, Vec<_>) = known.iter().copied().unzip();
    sqlx::query_scalar!(
        r#"
        with unknown as (
            select r.id, r.cancel_requested and not r.again as ends
            from jobs_open r
            where r.worker_id = $1 and r.state = 1 and r.started_at < (select engine_now()) - interval '1 minute'
              and r.id <> all($4)
              and not exists (select from unnest($2::uuid[], $3::int4[]) k (id, fence)
                              where k.id = r.id and k.fence = r.fence)
            order by r.id
            for update
        ), back as (
            update jobs_open r
            set state = 0, run_at = (select engine_now()), worker_id = null, attempt = r.attempt - 1,
                cancel_requested = false
            from unknown u where u.id = r.id and not u.ends
            returning r.id, r.company_id
        ), over as (
            delete from jobs_open r using unknown u where u.id = r.id and u.ends
            returning r.*
        ), stored as (
            insert into jobs_finished
                (id, company_id, started_at, finished_at, fence, worker_id, queue, state, attempt,
                 max_attempts, kind, error)
            select id, company_id, started_at, (select engine_now()), fence, worker_id, queue, 4, attempt - 1,
                   max_attempts, kind, 'cancelled before it started'
            from over
        ), noted as (
            insert into job_events (job_id, company_id, at, event, reason)
            select id, company_id, (select engine_now()), 'rescued', 'claimed and never started' from back
        )
        select count(*) as "count!" from unknown
        "#,
        worker,
        &ids,
        &fences,
        unconfirmed,
    )
    .fetch_one(pool)
    .await
}

/// What one look for lost workers did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rescued {
    pub given_back: i64,
    pub parked: i64,
    /// Dead, or cancelled as was asked.
    pub ended: i64,
}

/// Takes the jobs of workers that are silent for longer than `dead_after`. Safe to run anywhere, any
/// number of times; whoever calls it must not have been stalled itself just before.
///
/// # Errors
/// The database's.
pub async fn rescue_lost(pool: &PgPool, dead_after: Duration) -> sqlx::Result<Rescued> {
    let lost = sqlx::query_scalar!(
        "select id from workers
         where stopped_at is null and heartbeat_at < statement_timestamp() - make_interval(secs => $1)",
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
           and not exists (select from jobs_open where worker_id = workers.id and state = 1)",
        &lost,
        LOOK_FOR.as_secs_f64(),
    )
    .execute(pool)
    .await?;
    Ok(rescued)
}

/// Passes over rows that are locked: a frozen worker that holds one open would hold up the rescue of
/// all others. The next look finds them.
async fn rescue_jobs(pool: &PgPool, lost: &[i32]) -> sqlx::Result<Rescued> {
    sqlx::query_as!(
        Rescued,
        r#"
        with orphans as (
            select r.id, r.worker_id, r.attempt, w.name,
                   case when r.rescues + 1 >= case when r.again then 2 * $2 else $2 end then 5
                        when r.again then 0
                        when r.cancel_requested then 4
                        when r.attempt >= r.max_attempts then 3 else 0 end as next
            from jobs_open r join workers w on w.id = r.worker_id
            where r.state = 1 and r.worker_id = any($1)
            order by r.id
            for update of r skip locked
        ), back as (
            update jobs_open r
            set state = 0, run_at = (select engine_now()), rescues = r.rescues + 1, worker_id = null, again = false,
                attempt = case when r.again then 0 else r.attempt end,
                cancel_requested = false
            from orphans o where o.id = r.id and o.next = 0
            returning r.id, r.company_id, r.fence, o.attempt, r.started_at, o.worker_id, o.name
        ), over as (
            delete from jobs_open r using orphans o where o.id = r.id and o.next > 0
            returning r.*, o.name as worker_name, o.next
        ), stored as (
            insert into jobs_finished
                (id, company_id, started_at, finished_at, fence, worker_id, queue, state, attempt,
                 max_attempts, kind, error)
            select id, company_id, started_at, (select engine_now()), fence, worker_id, queue, next, attempt,
                   max_attempts, kind, 'worker ' || worker_name || ' was lost while it ran'
            from over
        ), tried as (
            insert into job_attempts
                (job_id, company_id, fence, attempt, worker_id, started_at, finished_at, class, error)
            select id, company_id, fence, attempt, worker_id, started_at, (select engine_now()), 'crash',
                   'worker ' || name || ' was lost'
            from (select id, company_id, fence, attempt, worker_id, started_at, name from back
                  union all
                  select id, company_id, fence, attempt, worker_id, started_at, worker_name from over) t
        ), noted as (
            insert into job_events (job_id, company_id, at, event, reason)
            select id, company_id, (select engine_now()), 'rescued', 'worker ' || name || ' lost' from back
            union all
            select id, company_id, (select engine_now()), case next when 5 then 'parked' when 4 then 'cancelled' else 'dead' end,
                   'worker ' || worker_name || ' lost' from over
        )
        select (select count(*) from back) as "given_back!", (select count(*) from over where next = 5) as "parked!",
               (select count(*) from over where next < 5) as "ended!"
        "#,
        lost,
        POISON,
    )
    .fetch_one(pool)
    .await
}
