//! The timeline of one job.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use crate::ids::JobId;

/// What happened to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum TimelineEvent {
    Enqueued,
    /// A duplicate of the job was enqueued.
    Deduplicated,
    Started,
    AttemptFailed,
    Snoozed,
    Rescued,
    CancelRequested,
    Replayed,
    Succeeded,
    Dead,
    Cancelled,
    Parked,
}

impl TimelineEvent {
    pub fn name(self) -> &'static str {
        match self {
            Self::Enqueued => "enqueued",
            Self::Deduplicated => "deduplicated",
            Self::Started => "started",
            Self::AttemptFailed => "attempt_failed",
            Self::Snoozed => "snoozed",
            Self::Rescued => "rescued",
            Self::CancelRequested => "cancel_requested",
            Self::Replayed => "replayed",
            Self::Succeeded => "succeeded",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
            Self::Parked => "parked",
        }
    }
}

/// One line of a timeline.
#[derive(Debug, Clone, Serialize)]
pub struct TimelineEntry {
    pub at: DateTime<Utc>,
    pub event: TimelineEvent,
    pub reason: String,
}

/// Loads a job's own timestamps, its failed attempts and its events, in the order of time.
pub async fn load_timeline(conn: &mut PgConnection, id: JobId) -> sqlx::Result<Vec<TimelineEntry>> {
    sqlx::query_as!(
        TimelineEntry,
        r#"
        select at as "at!", event as "event!: TimelineEvent", reason as "reason!"
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
