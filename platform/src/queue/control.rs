//! What people do to jobs: stop one, run a finished one again. Under row-level security, so a company
//! reaches its own jobs alone.

use sqlx::PgConnection;

use crate::ids::JobId;

/// What cancelling did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// It waited: it will never start.
    Stopped,
    /// It runs: its body was asked to stop.
    Asked,
    /// It was over already.
    AlreadyOver,
    NotFound,
}

/// Stops a job.
///
/// # Errors
/// The database's.
pub async fn cancel(conn: &mut PgConnection, id: JobId, reason: &str) -> sqlx::Result<Cancelled> {
    loop {
        // `None`: it was claimed, given back or ended between the statement's snapshot and its lock.
        if let Some(cancelled) = try_cancel(&mut *conn, id, reason).await? {
            return Ok(cancelled);
        }
    }
}

async fn try_cancel(
    conn: &mut PgConnection,
    id: JobId,
    reason: &str,
) -> sqlx::Result<Option<Cancelled>> {
    let stopped = sqlx::query_scalar!(
        r#"
        with moved as (
            delete from jobs_open where id = $1 and state = 0 returning *
        ), stored as (
            insert into jobs_finished
                (id, company_id, started_at, finished_at, fence, worker_id, queue, state, attempt,
                 max_attempts, kind, error)
            select id, company_id, started_at, (select engine_now()), fence, worker_id, queue, 4, attempt,
                   max_attempts, kind, $2
            from moved
        ), asked as (
            update jobs_open set cancel_requested = true where id = $1 and state = 1 returning id, company_id
        ), noted as (
            insert into job_events (job_id, company_id, at, event, reason)
            select id, company_id, (select engine_now()), 'cancelled', $2 from moved
            union all
            select id, company_id, (select engine_now()), 'cancel_requested', $2 from asked
        )
        select case when exists (select from moved) then 0
                    when exists (select from asked) then 1
                    when exists (select from jobs_finished where id = $1) then 2
                    when exists (select from jobs_open where id = $1) then 3
                    else 4 end as "what!"
        "#,
        id.0,
        reason,
    )
    .fetch_one(conn)
    .await?;
    Ok(match stopped {
        0 => Some(Cancelled::Stopped),
        1 => Some(Cancelled::Asked),
        2 => Some(Cancelled::AlreadyOver),
        3 => None,
        _ => Some(Cancelled::NotFound),
    })
}

/// What asking for another run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replayed {
    Waiting,
    /// Its unique key is another open job's.
    KeyTaken,
    /// It isn't over, or ended well.
    NotOver,
    NotFound,
}

/// Makes a dead, parked or cancelled job wait again, all attempts ahead of it. Its fence goes on.
///
/// # Errors
/// The database's.
pub async fn replay(conn: &mut PgConnection, id: JobId, reason: &str) -> sqlx::Result<Replayed> {
    let replayed = sqlx::query_scalar!(
        r#"
        with over as (
            select f.*, b.unique_key, b.reconciler
            from jobs_finished f join job_bodies b on b.id = f.id
            where f.id = $1 and f.state in (3, 4, 5)
            for update of f
        ), ready as (
            insert into jobs_open (id, company_id, run_at, fence, queue, max_attempts, reconciler, kind, unique_key)
            select id, company_id, (select engine_now()), fence, queue, max_attempts, reconciler, kind, unique_key from over
            on conflict (company_id, kind, unique_key) where unique_key is not null do nothing
            returning id, company_id
        ), gone as (
            delete from jobs_finished where id in (select id from ready)
        ), noted as (
            insert into job_events (job_id, company_id, at, event, reason)
            select id, company_id, (select engine_now()), 'replayed', $2 from ready
        )
        select case when exists (select from ready) then 0
                    when exists (select from over) then 1
                    when exists (select from job_bodies where id = $1) then 2
                    else 3 end as "what!"
        "#,
        id.0,
        reason,
    )
    .fetch_one(conn)
    .await?;
    Ok(match replayed {
        0 => Replayed::Waiting,
        1 => Replayed::KeyTaken,
        2 => Replayed::NotOver,
        _ => Replayed::NotFound,
    })
}
