//! The runs' table.

use chrono::{DateTime, NaiveDate, Utc};
use platform::ids::{CompanyId, JobId, UserId};
use sqlx::PgConnection;

use super::demand::Recomputed;
use crate::rupture::outlook::HORIZON_DAYS;
use crate::rupture::{Run, RunId, RunKind, RunState};
use crate::{Error, Result};

/// The horizon of a run that an event requested.
const DEFAULT_HORIZON_DAYS: u32 = 15;

struct RunRow {
    id: RunId,
    state: RunState,
    requested_as_of: Option<NaiveDate>,
    as_of: Option<NaiveDate>,
    data_through: Option<NaiveDate>,
    horizon_days: i32,
    live: bool,
    products: Option<i32>,
    error: Option<String>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<RunRow> for Run {
    fn from(row: RunRow) -> Self {
        Self {
            id: row.id,
            state: row.state,
            requested_as_of: row.requested_as_of,
            as_of: row.as_of,
            data_through: row.data_through,
            horizon_days: row.horizon_days.unsigned_abs(),
            live: row.live,
            products: row.products,
            error: row.error,
            created_at: row.created_at,
            finished_at: row.finished_at,
        }
    }
}

/// Creates a queued run. Fails with `Invalid` for a horizon outside 1 to [`HORIZON_DAYS`].
pub async fn create_run(
    conn: &mut PgConnection,
    company: CompanyId,
    requested_by: Option<UserId>,
    as_of: Option<NaiveDate>,
    horizon_days: u32,
    now: DateTime<Utc>,
) -> Result<RunId> {
    if !(1..=HORIZON_DAYS).contains(&horizon_days) {
        let message = format!("must be from 1 to {HORIZON_DAYS}");
        return Err(Error::invalid("horizon_days", "out_of_range", message));
    }
    let id = RunId::new();
    sqlx::query!(
        "insert into prediction_runs
           (company_id, id, state, requested_as_of, horizon_days, requested_by, created_at)
         values ($1, $2, 'queued', $3, $4, $5, $6)",
        company.0,
        id.0,
        as_of,
        horizon_days.cast_signed(),
        requested_by.map(|user| user.0),
        now,
    )
    .execute(conn)
    .await?;
    Ok(id)
}

/// Records a finished run that no person requested.
pub async fn record_run(
    conn: &mut PgConnection,
    company: CompanyId,
    recomputed: &Recomputed,
    now: DateTime<Utc>,
) -> Result<RunId> {
    let id = create_run(conn, company, None, None, DEFAULT_HORIZON_DAYS, now).await?;
    finish_run(conn, id, recomputed, RunKind::Live, now).await?;
    Ok(id)
}

/// Marks a queued run as succeeded. A run that is finished keeps its outcome.
pub async fn finish_run(
    conn: &mut PgConnection,
    id: RunId,
    recomputed: &Recomputed,
    kind: RunKind,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update prediction_runs
         set state = 'succeeded', as_of = $2, data_through = $3, products = $4, finished_at = $5,
           live = $6
         where id = $1 and state = 'queued'",
        id.0,
        recomputed.as_of,
        recomputed.data_through,
        i32::try_from(recomputed.products).unwrap_or(i32::MAX),
        now,
        kind == RunKind::Live,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Records which job computes the run.
pub async fn note_job(conn: &mut PgConnection, id: RunId, job: JobId) -> Result<()> {
    sqlx::query!(
        "update prediction_runs set job_id = $2 where id = $1",
        id.0,
        job.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Loads one run. A queued run whose job is finished counts as failed, until the job is run again.
/// Fails with `NotFound`.
pub async fn require_run(conn: &mut PgConnection, id: RunId) -> Result<Run> {
    sqlx::query_as!(
        RunRow,
        r#"select r.id as "id: _",
             case when f.id is null then r.state else 'failed' end as "state!: _", r.requested_as_of,
             r.as_of, r.data_through, r.horizon_days, r.live, r.products,
             coalesce(r.error, f.error) as error, r.created_at,
             coalesce(r.finished_at, f.finished_at) as finished_at
           from prediction_runs r
           left join jobs_finished f on f.id = r.job_id and r.state = 'queued'
           where r.id = $1"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .map(Run::from)
    .ok_or(Error::NotFound("prediction run"))
}

/// Finds the run that computed the current demand; `None` before the first.
pub async fn latest_run(conn: &mut PgConnection) -> Result<Option<Run>> {
    let row = sqlx::query_as!(
        RunRow,
        r#"select id as "id: _", state as "state: _", requested_as_of, as_of, data_through,
             horizon_days, live, products, error, created_at, finished_at
           from prediction_runs where state = 'succeeded' and live
           order by finished_at desc, id desc limit 1"#,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Run::from))
}

/// Lists up to `limit` companies after `after` that have products to watch. Requires the engine's
/// role.
pub async fn list_watched_companies(
    conn: &mut PgConnection,
    after: Option<CompanyId>,
    limit: i64,
) -> Result<Vec<CompanyId>> {
    let companies = sqlx::query_scalar!(
        r#"select id as "id!: CompanyId" from companies_to_watch($1, $2) as id order by id"#,
        after.map(|company| company.0),
        limit,
    );
    Ok(companies.fetch_all(conn).await?)
}
