//! The timeline of one job.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use crate::ids::JobId;

/// One line of a timeline. `event` is the stored word, which a newer release may have added.
#[derive(Debug, Clone, Serialize)]
pub struct TimelineEntry {
    pub at: DateTime<Utc>,
    pub event: String,
    pub reason: String,
}

/// Loads a job's own timestamps, its failed attempts and its events, in the order of time.
pub async fn load_timeline(conn: &mut PgConnection, id: JobId) -> sqlx::Result<Vec<TimelineEntry>> {
    sqlx::query_as!(
        TimelineEntry,
        r#"
        select at as "at!", event as "event!", reason as "reason!"
        from (
            select created_at as at, 'enqueued' as event, kind as reason
            from job_bodies where id = $1
            union all
            select started_at, 'started', 'attempt ' || attempt
            from jobs_open where id = $1 and state = 'running'
            union all
            select started_at, 'started', 'attempt ' || attempt
            from jobs_finished where id = $1 and started_at is not null
            union all
            select finished_at, state::text, coalesce(error, '')
            from jobs_finished where id = $1
            union all
            select finished_at, 'attempt_failed',
                   'attempt ' || attempt || ', ' || class || ': ' || error
            from job_attempts where job_id = $1
            union all
            select at, event, reason from job_events where job_id = $1
        ) entries
        where at is not null
        order by at
        "#,
        id.0,
    )
    .fetch_all(conn)
    .await
}
