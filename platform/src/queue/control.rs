//! Commands of people on one job: cancel it, or replay a finished one. They run under row-level
//! security, so a company reaches its own jobs alone.

use sqlx::PgConnection;

use crate::ids::JobId;

/// The outcome of a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Cancelled {
    /// The job waited; it never starts.
    Stopped,
    /// The job runs; its worker stops the body.
    Requested,
    AlreadyFinished,
    NotFound,
}

/// Cancels a job.
pub async fn cancel_job(
    conn: &mut PgConnection,
    id: JobId,
    reason: &str,
) -> sqlx::Result<Cancelled> {
    sqlx::query_scalar!(
        r#"
        -- Lock first, then decide: until then the job may be claimed, requeued or finished.
        with locked as (
            select id, company_id, state, attempt from jobs_open where id = $1 for update
        ),
        finished as (
            select j.id, j.company_id
            from locked l cross join lateral finish_job(l.id, 'cancelled', l.attempt, $2) j
            where l.state = 'waiting'
        ),
        requested as (
            update jobs_open o set cancel_requested = true
            from locked l
            where o.id = l.id and l.state = 'running'
            returning o.id, o.company_id
        ),
        noted as (
            insert into job_events (job_id, company_id, at, event, reason)
            select id, company_id, (select engine_now()), 'cancelled', $2 from finished
            union all
            select id, company_id, (select engine_now()), 'cancel_requested', $2 from requested
        )
        -- A job that has a body and no open row was over when the lock was requested.
        select case when exists (select from finished) then 'stopped'
                    when exists (select from requested) then 'requested'
                    when exists (select from job_bodies where id = $1) then 'already_finished'
                    else 'not_found' end as "outcome!: Cancelled"
        "#,
        id.0,
        reason,
    )
    .fetch_one(conn)
    .await
}

/// The outcome of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Replayed {
    /// The job waits, due now. The caller has to notify the relay.
    Requeued,
    /// Another open job holds its unique key.
    KeyTaken,
    /// The job is open, or it succeeded.
    NotReplayable,
    NotFound,
}

/// Replays a dead, parked or cancelled job: it waits again, all attempts ahead of it. Its fence
/// goes on.
pub async fn replay_job(
    conn: &mut PgConnection,
    id: JobId,
    reason: &str,
) -> sqlx::Result<Replayed> {
    sqlx::query_scalar!(
        r#"
        with locked as (
            select id from jobs_finished
            where id = $1 and state in ('dead', 'cancelled', 'parked')
            for update
        ),
        reopened as (
            select j.id, j.company_id from locked l cross join lateral reopen_job(l.id) j
        ),
        noted as (
            insert into job_events (job_id, company_id, at, event, reason)
            select id, company_id, (select engine_now()), 'replayed', $2 from reopened
        )
        select case when exists (select from reopened) then 'requeued'
                    when exists (select from locked) then 'key_taken'
                    when exists (select from job_bodies where id = $1) then 'not_replayable'
                    else 'not_found' end as "outcome!: Replayed"
        "#,
        id.0,
        reason,
    )
    .fetch_one(conn)
    .await
}
