//! The end of a try. A job that is done moves from `jobs_open` to `jobs_finished` in one statement
//! that names its fence: no row moved means that another claim owns the job.

use std::time::Duration;

use sqlx::PgConnection;

use super::claim::Claim;
use super::failure_class::FailureClass;
use super::progress::Progress;
use crate::ids::{JobId, Uuid};

/// Whether an end was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    Stored,
    /// It waits again already: it was asked for once more while it ran. The relay isn't told yet.
    Again,
    /// The fence moved on.
    Lost,
}

/// The states of `jobs_finished`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndState {
    Succeeded = 2,
    Dead = 3,
    Cancelled = 4,
    Parked = 5,
}

/// Ends one job well, in the caller's transaction.
///
/// # Errors
/// The database's.
pub async fn succeed(
    conn: &mut PgConnection,
    claim: &Claim,
    result: Option<&str>,
) -> sqlx::Result<Finished> {
    // Twice: a wake-up that comes between a statement's snapshot and its lock fits neither branch.
    for _ in 0..2 {
        let ended = succeed_all(conn, &[claim.id.0], &[claim.fence], &[result]).await?;
        if let Some(ended) = ended.first() {
            return Ok(if ended.again {
                Finished::Again
            } else {
                Finished::Stored
            });
        }
    }
    Ok(Finished::Lost)
}

/// One recorded end of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub id: Uuid,
    /// It waits again already.
    pub again: bool,
}

/// Ends many jobs well; gives those whose end was recorded. A reconciler that was asked for again
/// while it ran goes back to waiting instead, in the same statement.
///
/// # Errors
/// The database's.
pub async fn succeed_all(
    conn: &mut PgConnection,
    ids: &[Uuid],
    fences: &[i32],
    results: &[Option<&str>],
) -> sqlx::Result<Vec<Ended>> {
    sqlx::query_as!(
        Ended,
        r#"
        with done as (
            select * from unnest($1::uuid[], $2::int4[], $3::text[]) as d (id, fence, result)
        ), moved as (
            delete from jobs_open r using done d
            where r.id = d.id and r.fence = d.fence and r.state = 1 and not r.again
            returning r.*, d.result
        ), stored as (
            insert into jobs_finished
                (id, company_id, started_at, finished_at, fence, worker_id, queue, state, attempt,
                 max_attempts, kind, result)
            select id, company_id, started_at, (select engine_now()), fence, worker_id, queue, 2, attempt,
                   max_attempts, kind, result
            from moved
        ), again as (
            update jobs_open r
            set state = 0, again = false, attempt = 0, rescues = 0, run_at = (select engine_now()),
                worker_id = null, progress = null, cancel_requested = false
            from done d
            where r.id = d.id and r.fence = d.fence and r.state = 1 and r.again
            returning r.id
        )
        select id as "id!", false as "again!" from moved union all select id, true from again
        "#,
        ids,
        fences,
        results as &[Option<&str>],
    )
    .fetch_all(conn)
    .await
}

/// How a try that didn't succeed leaves its job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setback {
    /// Waits for another try; `class` and `error` go to the job's attempts.
    Retry {
        wait: Duration,
        class: FailureClass,
        error: String,
    },
    /// Waits, and the try isn't counted.
    Snooze { wait: Duration, reason: String },
    /// Over.
    End {
        state: EndState,
        class: Option<FailureClass>,
        error: String,
    },
}

/// Records a setback of a claimed job. One that was asked to stop waits for no other try.
///
/// # Errors
/// The database's: call again until it answers, for nobody else will while this process lives.
pub async fn set_back(
    conn: &mut PgConnection,
    claim: &Claim,
    setback: &Setback,
) -> sqlx::Result<Finished> {
    let waits = match setback {
        Setback::Retry { wait, class, error } => {
            wait_again(conn, claim, *wait, 0, Some((*class, &text(error))), None).await?
        }
        Setback::Snooze { wait, reason } => {
            wait_again(conn, claim, *wait, 1, None, Some(&text(reason))).await?
        }
        Setback::End {
            state,
            class,
            error,
        } => return end(conn, claim, *state, *class, &text(error)).await,
    };
    if waits {
        return Ok(Finished::Stored);
    }
    let (class, error) = match setback {
        Setback::Retry { class, error, .. } => (Some(*class), error.as_str()),
        _ => (None, "cancelled while running"),
    };
    end_asked_to_stop(conn, claim, class, &text(error)).await
}

/// Postgres refuses NUL in text; whoever records a setback would try for ever.
fn text(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').collect()
}

/// A reconciler that was asked for again has all its tries for the next round, as one that is asked for
/// while it waits; the wait stays.
async fn wait_again(
    conn: &mut PgConnection,
    claim: &Claim,
    wait: Duration,
    unspent: i16,
    failure: Option<(FailureClass, &str)>,
    reason: Option<&str>,
) -> sqlx::Result<bool> {
    let row = sqlx::query_scalar!(
        r#"
        with back as (
            update jobs_open
            set state = 0, run_at = (select engine_now()) + make_interval(secs => $3),
                attempt = case when again then 0 else attempt - $4 end, worker_id = null, again = false
            where id = $1 and fence = $2 and state = 1 and not cancel_requested
            returning id, company_id, fence, attempt, started_at
        ), tried as (
            insert into job_attempts
                (job_id, company_id, fence, attempt, worker_id, started_at, finished_at, class, error)
            select id, company_id, fence, attempt, null, started_at, (select engine_now()), $5, $6
            from back where $5::text is not null
        ), noted as (
            insert into job_events (job_id, company_id, at, event, reason)
            select id, company_id, (select engine_now()), 'snoozed', $7 from back where $7::text is not null
        )
        select count(*) as "count!" from back
        "#,
        claim.id.0,
        claim.fence,
        wait.as_secs_f64(),
        unspent,
        failure.map(|(class, _)| class.name()),
        failure.map(|(_, error)| error),
        reason,
    )
    .fetch_one(conn)
    .await?;
    Ok(row == 1)
}

/// Ends a job that would wait again if nobody had asked it to stop.
async fn end_asked_to_stop(
    conn: &mut PgConnection,
    claim: &Claim,
    class: Option<FailureClass>,
    error: &str,
) -> sqlx::Result<Finished> {
    let asked = sqlx::query_scalar!(
        "select cancel_requested from jobs_open where id = $1 and fence = $2 and state = 1",
        claim.id.0,
        claim.fence,
    )
    .fetch_optional(&mut *conn)
    .await?;
    match asked {
        Some(true) => end(conn, claim, EndState::Cancelled, class, error).await,
        _ => Ok(Finished::Lost),
    }
}

/// Twice where nothing moved: a wake-up that comes between the statement's snapshot and its lock fits
/// neither branch.
async fn end(
    conn: &mut PgConnection,
    claim: &Claim,
    state: EndState,
    class: Option<FailureClass>,
    error: &str,
) -> sqlx::Result<Finished> {
    let first = try_end(conn, claim, state, class, error).await?;
    if first != Finished::Lost {
        return Ok(first);
    }
    try_end(conn, claim, state, class, error).await
}

/// A reconciler that was asked for again starts afresh, whatever ended this round: the wake-up isn't lost.
async fn try_end(
    conn: &mut PgConnection,
    claim: &Claim,
    state: EndState,
    class: Option<FailureClass>,
    error: &str,
) -> sqlx::Result<Finished> {
    let moved = sqlx::query!(
        r#"
        with moved as (
            delete from jobs_open
            where id = $1 and fence = $2 and state = 1 and not again returning *
        ), again as (
            update jobs_open
            set state = 0, again = false, attempt = 0, rescues = 0, run_at = (select engine_now()), worker_id = null,
                cancel_requested = false
            where id = $1 and fence = $2 and state = 1 and again
            returning id
        ), stored as (
            insert into jobs_finished
                (id, company_id, started_at, finished_at, fence, worker_id, queue, state, attempt,
                 max_attempts, kind, error)
            select id, company_id, started_at, (select engine_now()), fence, worker_id, queue, $3, attempt,
                   max_attempts, kind, $4
            from moved
        ), tried as (
            insert into job_attempts
                (job_id, company_id, fence, attempt, worker_id, started_at, finished_at, class, error)
            select id, $6, $2, $7, worker_id, $8, (select engine_now()), $5, $4
            from (select id, worker_id from moved union all select id, null from again) tried
            where $5::text is not null
        )
        select exists (select from moved) as "moved!", exists (select from again) as "again!"
        "#,
        claim.id.0,
        claim.fence,
        state as i16,
        error,
        class.map(FailureClass::name),
        claim.company.map(|company| company.0),
        claim.attempt,
        claim.started_at,
    )
    .fetch_one(conn)
    .await?;
    Ok(match (moved.moved, moved.again) {
        (true, _) => Finished::Stored,
        (_, true) => Finished::Again,
        _ => Finished::Lost,
    })
}

/// Stores progress where the fence still holds, locking the row until the transaction ends. Gives
/// whether the job was asked to stop; `None` where it is another's.
///
/// # Errors
/// The database's.
pub async fn record_progress(
    conn: &mut PgConnection,
    id: JobId,
    fence: i32,
    progress: &Progress,
) -> sqlx::Result<Option<bool>> {
    sqlx::query_scalar!(
        "update jobs_open set progress = $3 where id = $1 and fence = $2 and state = 1
         returning cancel_requested",
        id.0,
        fence,
        serde_json::json!(progress),
    )
    .fetch_optional(conn)
    .await
}
