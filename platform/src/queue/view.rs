//! Reading jobs: lists, one job, its timeline. Under row-level security.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use crate::ids::JobId;

/// What the API calls a job's state. `scheduled` and `queued` are both `waiting` in the table, told
/// apart by the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    Scheduled,
    Queued,
    Running,
    Succeeded,
    Dead,
    Cancelled,
    Parked,
}

impl JobState {
    pub const ALL: [Self; 7] = [
        Self::Scheduled,
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::Dead,
        Self::Cancelled,
        Self::Parked,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
            Self::Parked => "parked",
        }
    }
}

/// One job as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct JobView {
    pub id: JobId,
    pub kind: String,
    pub state: String,
    pub queue: i16,
    pub attempt: i16,
    pub max_attempts: i16,
    pub progress: Option<serde_json::Value>,
    /// JSON text.
    pub result: Option<String>,
    pub error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub run_at: Option<DateTime<Utc>>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub request_id: Option<String>,
}

/// What to list: newest first, before `before`, at most `limit`.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    pub state: Option<JobState>,
    pub kind: Option<String>,
    pub since: Option<DateTime<Utc>>,
    /// Matches the id, the request id or the unique key exactly.
    pub q: Option<String>,
    pub before: Option<JobId>,
    pub limit: i64,
}

/// # Errors
/// The database's.
pub async fn list(conn: &mut PgConnection, filter: &JobFilter) -> sqlx::Result<Vec<JobView>> {
    select(conn, filter, None).await
}

/// # Errors
/// The database's.
pub async fn find(conn: &mut PgConnection, id: JobId) -> sqlx::Result<Option<JobView>> {
    Ok(select(
        conn,
        &JobFilter {
            limit: 1,
            ..JobFilter::default()
        },
        Some(id),
    )
    .await?
    .pop())
}

/// Filters that are null are folded away before planning: one job is found by its key.
async fn select(
    conn: &mut PgConnection,
    filter: &JobFilter,
    only: Option<JobId>,
) -> sqlx::Result<Vec<JobView>> {
    let asked_id: Option<JobId> = filter.q.as_deref().and_then(|q| q.parse().ok());
    sqlx::query_as!(
        JobView,
        r#"
        select b.id as "id: JobId", b.kind, s.state as "state!", coalesce(r.queue, f.queue) as "queue!",
               coalesce(r.attempt, f.attempt) as "attempt!",
               coalesce(r.max_attempts, f.max_attempts) as "max_attempts!",
               r.progress as "progress?", f.result as "result?", f.error as "error?", b.created_at,
               r.run_at as "run_at?", coalesce(r.started_at, f.started_at) as started_at,
               f.finished_at as "finished_at?", b.request_id
        from job_bodies b
        left join jobs_open r on r.id = b.id
        left join jobs_finished f on f.id = b.id
        cross join lateral (
            select case when r.state = 1 then 'running'
                        when r.state = 0 and r.run_at > (select engine_now()) then 'scheduled'
                        when r.state = 0 then 'queued'
                        else (array['succeeded', 'dead', 'cancelled', 'parked'])[f.state - 1] end as state
        ) s
        where ($1::uuid is null or b.id < $1)
          and ($2::text is null or s.state = $2)
          and ($3::text is null or b.kind = $3)
          and ($4::timestamptz is null or b.created_at >= $4)
          and ($5::text is null or b.id = $6 or b.request_id = $5 or b.unique_key = $5)
          and ($7::uuid is null or b.id = $7)
          and s.state is not null
        order by b.id desc
        limit $8
        "#,
        filter.before.map(|id| id.0),
        filter.state.map(JobState::name),
        filter.kind,
        filter.since,
        filter.q,
        asked_id.map(|id| id.0),
        only.map(|id| id.0),
        filter.limit,
    )
    .fetch_all(conn)
    .await
}

/// One line of a job's timeline.
#[derive(Debug, Clone, Serialize)]
pub struct TimelineEntry {
    pub at: DateTime<Utc>,
    pub event: String,
    pub reason: String,
}

/// The job's own timestamps, its failed tries and what else was out of the ordinary, in order.
///
/// # Errors
/// The database's.
pub async fn timeline(conn: &mut PgConnection, id: JobId) -> sqlx::Result<Vec<TimelineEntry>> {
    sqlx::query_as!(
        TimelineEntry,
        r#"
        select at as "at!", event as "event!", reason as "reason!" from (
            select created_at as at, 'enqueued' as event, kind as reason from job_bodies where id = $1
            union all
            select started_at, 'started', 'attempt ' || attempt from jobs_open
            where id = $1 and state = 1
            union all
            select started_at, 'started', 'attempt ' || attempt from jobs_finished
            where id = $1 and started_at is not null
            union all
            select finished_at, (array['succeeded', 'dead', 'cancelled', 'parked'])[state - 1], coalesce(error, '')
            from jobs_finished where id = $1
            union all
            select finished_at, 'attempt_failed', 'attempt ' || attempt || ', ' || class || ': ' || error
            from job_attempts where job_id = $1
            union all
            select at, event, reason from job_events where job_id = $1
        ) t
        where at is not null
        order by at
        "#,
        id.0,
    )
    .fetch_all(conn)
    .await
}

/// How much of a queue is open, for metrics and readiness.
#[derive(Debug, Clone)]
pub struct QueueDepth {
    pub queue: i16,
    pub due: i64,
    pub scheduled: i64,
    pub running: i64,
    /// Of the oldest due job; 0 where none waits.
    pub oldest_seconds: f64,
}

/// # Errors
/// The database's.
pub async fn depths(pool: &sqlx::PgPool) -> sqlx::Result<Vec<QueueDepth>> {
    sqlx::query_as!(
        QueueDepth,
        r#"
        select queue,
               count(*) filter (where state = 0 and run_at <= (select engine_now())) as "due!",
               count(*) filter (where state = 0 and run_at > (select engine_now())) as "scheduled!",
               count(*) filter (where state = 1) as "running!",
               coalesce(extract(epoch from (select engine_now()) - min(run_at)
                        filter (where state = 0 and run_at <= (select engine_now()))), 0)::float8 as "oldest_seconds!"
        from jobs_open
        group by queue
        "#,
    )
    .fetch_all(pool)
    .await
}

/// Seconds since a scheduler that leads last looked for due ticks; `None` where none ever did.
///
/// # Errors
/// The database's.
pub async fn scheduler_age(pool: &sqlx::PgPool) -> sqlx::Result<Option<f64>> {
    sqlx::query_scalar!(
        "select greatest(0, extract(epoch from statement_timestamp() - until))::float8
         from leases where role = 'scheduler'",
    )
    .fetch_optional(pool)
    .await
    .map(Option::flatten)
}
