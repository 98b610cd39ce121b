//! Runs: one row for each computation of the company's demand, asked for or by event.

use chrono::{DateTime, NaiveDate, Utc};
use platform::ids::{CompanyId, JobId, UserId};
use sqlx::PgConnection;

use super::super::RunId;
use super::Recomputed;
use crate::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    Queued,
    Succeeded,
    Failed,
}

impl RunState {
    /// The stored text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "succeeded" => Self::Succeeded,
            "failed" => Self::Failed,
            _ => Self::Queued,
        }
    }
}

/// What becomes of a run's results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// They are the company's demand.
    Live,
    /// They are the run's own.
    Study,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub id: RunId,
    pub state: RunState,
    pub asked_as_of: Option<NaiveDate>,
    pub as_of: Option<NaiveDate>,
    pub data_through: Option<NaiveDate>,
    pub horizon_days: u32,
    /// Whether the company's demand is what this run made it.
    pub live: bool,
    pub products: Option<i32>,
    pub error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

struct Row {
    id: RunId,
    state: String,
    asked_as_of: Option<NaiveDate>,
    as_of: Option<NaiveDate>,
    data_through: Option<NaiveDate>,
    horizon_days: i32,
    live: bool,
    products: Option<i32>,
    error: Option<String>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<Row> for Run {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            state: RunState::parse(&row.state),
            asked_as_of: row.asked_as_of,
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

/// Notes that somebody wants a run.
///
/// # Errors
/// `Invalid` for a horizon outside 1 to 365 days; the database's.
pub async fn create_run(
    conn: &mut PgConnection,
    company: CompanyId,
    asked_by: Option<UserId>,
    as_of: Option<NaiveDate>,
    horizon_days: u32,
    now: DateTime<Utc>,
) -> Result<RunId> {
    if !(1..=365).contains(&horizon_days) {
        return Err(Error::invalid(
            "horizon_days",
            "out_of_range",
            "must be from 1 to 365",
        ));
    }
    let id = RunId::new();
    sqlx::query!(
        "insert into prediction_runs (company_id, id, state, asked_as_of, horizon_days, requested_by, created_at)
         values ($1, $2, 'queued', $3, $4, $5, $6)",
        company.0,
        id.0,
        as_of,
        i32::try_from(horizon_days).unwrap_or(365),
        asked_by.map(|user| user.0),
        now,
    )
    .execute(conn)
    .await?;
    Ok(id)
}

/// Writes a run that nobody asked for, once it is done.
///
/// # Errors
/// The database's.
pub async fn record_run(
    conn: &mut PgConnection,
    company: CompanyId,
    made: &Recomputed,
    now: DateTime<Utc>,
) -> Result<RunId> {
    let id = create_run(conn, company, None, None, 15, now).await?;
    finish_run(conn, id, made, RunKind::Live, now).await?;
    Ok(id)
}

/// Ends a queued run well; one that ended before keeps its end. A study isn't `live`.
///
/// # Errors
/// The database's.
pub async fn finish_run(
    conn: &mut PgConnection,
    id: RunId,
    made: &Recomputed,
    kind: RunKind,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update prediction_runs
         set state = 'succeeded', as_of = $2, data_through = $3, products = $4, finished_at = $5, live = $6
         where id = $1 and state = 'queued'",
        id.0,
        made.as_of,
        made.data_through,
        i32::try_from(made.products).unwrap_or(i32::MAX),
        now,
        kind == RunKind::Live,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes which job makes the run.
///
/// # Errors
/// The database's.
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

/// One run. Where its job ended without finishing it, it is failed, until the job is run again.
///
/// # Errors
/// `NotFound`, or the database's.
pub async fn load_run(conn: &mut PgConnection, id: RunId) -> Result<Run> {
    sqlx::query_as!(
        Row,
        r#"select r.id as "id: RunId", case when f.id is null then r.state else 'failed' end as "state!", r.asked_as_of,
             r.as_of, r.data_through, r.horizon_days, r.live, r.products, coalesce(r.error, f.error) as error,
             r.created_at, coalesce(r.finished_at, f.finished_at) as finished_at
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

/// The run that the present demand comes from; `None` before the first.
///
/// # Errors
/// The database's.
pub async fn latest_run(conn: &mut PgConnection) -> Result<Option<Run>> {
    let row = sqlx::query_as!(
        Row,
        r#"select id as "id: RunId", state, asked_as_of, as_of, data_through, horizon_days, live, products, error,
             created_at, finished_at
           from prediction_runs where state = 'succeeded' and live
           order by finished_at desc, id desc limit 1"#,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Run::from))
}

/// Companies that have something to watch; as the engine's role.
///
/// # Errors
/// The database's.
pub async fn companies_to_watch(
    conn: &mut PgConnection,
    after: Option<CompanyId>,
    limit: i64,
) -> Result<Vec<CompanyId>> {
    let companies = sqlx::query_scalar!(
        r#"select id as "id!: CompanyId" from companies_to_watch() as id
           where $1::uuid is null or id > $1 order by id limit $2"#,
        after.map(|company| company.0),
        limit,
    );
    Ok(companies.fetch_all(conn).await?)
}
