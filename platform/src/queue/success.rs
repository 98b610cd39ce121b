//! Recording of successes. A job that succeeded moves from `jobs_open` to `jobs_finished` in one
//! statement that names the claim's fence. If no row moves, another claim owns the job.

use sqlx::PgConnection;

use super::claim::Claim;
use crate::ids::Uuid;

/// The result of recording an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Recorded {
    Stored,
    /// The job waits for its rerun, which was requested while it ran. The caller has to notify the
    /// relay.
    Rerun,
    /// Another claim owns the job; nothing was recorded.
    Lost,
}

/// Records that one job succeeded, in the caller's transaction.
pub async fn record_success(
    conn: &mut PgConnection,
    claim: &Claim,
    result: Option<&str>,
) -> sqlx::Result<Recorded> {
    let recorded = record_successes(conn, &[claim.id.0], &[claim.fence], &[result]).await?;
    Ok(match recorded.first() {
        Some(success) if success.rerun => Recorded::Rerun,
        Some(_) => Recorded::Stored,
        None => Recorded::Lost,
    })
}

/// One recorded success of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedSuccess {
    pub id: Uuid,
    /// The job waits for its rerun, which was requested while it ran.
    pub rerun: bool,
}

/// Records that many jobs succeeded, in one statement. Returns the recorded ones; the claims of all
/// others were lost.
pub async fn record_successes(
    conn: &mut PgConnection,
    ids: &[Uuid],
    fences: &[i32],
    results: &[Option<&str>],
) -> sqlx::Result<Vec<RecordedSuccess>> {
    sqlx::query_as!(
        RecordedSuccess,
        r#"
        with succeeded as (
            select * from unnest($1::uuid[], $2::int4[], $3::text[]) as s (id, fence, result)
        ),
        -- The delete locks each row and decides on its locked values: one whose rerun was
        -- requested meanwhile stays.
        moved as (
            delete from jobs_open o using succeeded s
            where o.id = s.id and o.fence = s.fence and o.state = 'running'
              and not o.rerun_requested
            returning o.*, s.result
        ),
        -- Not finish_job: a function call per job costs more than the move.
        stored as (
            insert into jobs_finished
                (id, company_id, started_at, finished_at, fence, worker_id, queue, state, attempt,
                 max_attempts, kind, result)
            select id, company_id, started_at, (select engine_now()), fence, worker_id, queue,
                   'succeeded', attempt, max_attempts, kind, result
            from moved
        )
        select id as "id!", false as "rerun!" from moved
        union all
        -- rerun_job reads a snapshot taken after the deletes, so it sees every request for a
        -- rerun that kept a row from moving. The hashed `not in` needs no join.
        select rerun.id, true
        from succeeded s
        cross join lateral rerun_job(s.id, s.fence) rerun
        where s.id not in (select id from moved)
        "#,
        ids,
        fences,
        results as &[Option<&str>],
    )
    .fetch_all(conn)
    .await
}
