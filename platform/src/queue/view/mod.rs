//! Jobs as people read them: lists, one job, its timeline, and how much of a queue is open. Lists,
//! jobs and timelines are read under row-level security.

mod depth;
mod timeline;

pub use self::depth::{QueueDepth, load_queue_depths, load_scheduler_age};
pub use self::timeline::{TimelineEntry, load_timeline};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::queue_name::QueueCode;
use super::state::JobState;
use crate::ids::JobId;

/// One job as it is shown.
#[derive(Debug, Clone)]
pub struct JobView {
    pub id: JobId,
    pub kind: String,
    pub state: JobState,
    pub queue: QueueCode,
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

/// Which jobs to list: newest first, before `before`, at most `limit`.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    pub state: Option<JobState>,
    pub kind: Option<String>,
    /// Enqueued then or later.
    pub since: Option<DateTime<Utc>>,
    /// Equals the id, the request id or the unique key.
    pub q: Option<String>,
    pub before: Option<JobId>,
    pub limit: i64,
}

pub async fn list_jobs(conn: &mut PgConnection, filter: &JobFilter) -> sqlx::Result<Vec<JobView>> {
    select_jobs(conn, filter, None).await
}

pub async fn find_job(conn: &mut PgConnection, id: JobId) -> sqlx::Result<Option<JobView>> {
    let filter = JobFilter {
        limit: 1,
        ..JobFilter::default()
    };
    Ok(select_jobs(conn, &filter, Some(id)).await?.pop())
}

/// The planner folds filters that are null away, so one job is found by its key.
async fn select_jobs(
    conn: &mut PgConnection,
    filter: &JobFilter,
    only: Option<JobId>,
) -> sqlx::Result<Vec<JobView>> {
    let searched_id: Option<JobId> = filter.q.as_deref().and_then(|q| q.parse().ok());
    sqlx::query_as!(
        JobView,
        r#"
        select b.id as "id: JobId", b.kind, s.state as "state!: JobState",
               coalesce(o.queue, f.queue) as "queue!: QueueCode",
               coalesce(o.attempt, f.attempt) as "attempt!",
               coalesce(o.max_attempts, f.max_attempts) as "max_attempts!",
               o.progress as "progress?", f.result as "result?", f.error as "error?", b.created_at,
               o.run_at as "run_at?", coalesce(o.started_at, f.started_at) as started_at,
               f.finished_at as "finished_at?", b.request_id
        from job_bodies b
        left join jobs_open o on o.id = b.id
        left join jobs_finished f on f.id = b.id
        cross join lateral (
            select shown_job_state(coalesce(o.state, f.state), o.run_at, (select engine_now()))
                   as state
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
        searched_id.map(|id| id.0),
        only.map(|id| id.0),
        filter.limit,
    )
    .fetch_all(conn)
    .await
}
