//! Commands of people on all jobs that a filter matches. Each is one statement, under row-level
//! security as in [`control`](super::control).
//!
//! Jobs whose rows are locked, by a claim, an outcome or another such command, are skipped and
//! count as `more`. Waiting for one would keep a thousand others from the workers, and claims lock
//! their rows in another order.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::state::JobState;

/// Jobs that one command changes at most: each stays locked until the caller commits.
const MAX_CHANGED_JOBS: i64 = 1000;

/// Which jobs a command applies to; oldest first.
#[derive(Debug, Clone, Default)]
pub struct ManyFilter {
    pub state: Option<JobState>,
    pub kind: Option<String>,
    /// Enqueued then or later.
    pub since: Option<DateTime<Utc>>,
    /// Enqueued before.
    pub until: Option<DateTime<Utc>>,
}

/// The outcome of a command for the jobs that matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    pub changed: i64,
    /// Unchanged, by this command and the next: another open job holds the unique key, or
    /// cancellation was requested before.
    pub skipped: i64,
    /// Another command may change further jobs.
    pub more: bool,
}

/// Cancels open jobs: waiting jobs never start, running jobs are requested to stop.
pub async fn cancel_jobs(
    conn: &mut PgConnection,
    filter: &ManyFilter,
    reason: &str,
) -> sqlx::Result<Changed> {
    sqlx::query_file_as!(
        Changed,
        "src/queue/cancel_many.sql",
        filter.state.map(JobState::name),
        filter.kind,
        filter.since,
        filter.until,
        reason,
        MAX_CHANGED_JOBS,
    )
    .fetch_one(conn)
    .await
}

/// Replays dead, parked and cancelled jobs, as [`replay_job`](super::control::replay_job) does one.
/// The caller has to notify the relay.
pub async fn replay_jobs(
    conn: &mut PgConnection,
    filter: &ManyFilter,
    reason: &str,
) -> sqlx::Result<Changed> {
    sqlx::query_file_as!(
        Changed,
        "src/queue/replay_many.sql",
        filter.state.map(JobState::name),
        filter.kind,
        filter.since,
        filter.until,
        reason,
        MAX_CHANGED_JOBS,
    )
    .fetch_one(conn)
    .await
}
