//! What people do to all jobs that a filter names. One statement per call, under row-level security as
//! [`control`](super::control). Jobs whose rows are locked, by a claim, an end or another such call, are passed
//! over and count as `more`: to wait for one would keep a thousand others from the workers, and claims lock theirs in
//! no order of ours.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::view::JobState;

/// How many jobs one call changes at most: each stays locked until the caller's commit.
pub const AT_ONCE: i64 = 1000;

/// Which jobs, by what is set; oldest first.
#[derive(Debug, Clone, Default)]
pub struct ManyFilter {
    pub state: Option<JobState>,
    pub kind: Option<String>,
    /// Enqueued then or later.
    pub since: Option<DateTime<Utc>>,
    /// Enqueued before.
    pub until: Option<DateTime<Utc>>,
}

/// What became of the jobs that matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    pub changed: i64,
    /// Left as they are, now and at the next call: another open job holds their unique key, or they were asked to
    /// stop before.
    pub skipped: i64,
    /// Another call may change further ones.
    pub more: bool,
}

/// Stops open jobs: those that wait never start, those that run are asked to stop.
///
/// # Errors
/// The database's.
pub async fn cancel(
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
        AT_ONCE,
    )
    .fetch_one(conn)
    .await
}

/// Makes dead, parked and cancelled jobs wait again, as [`replay`](super::control::replay) does one. The relay isn't
/// told yet.
///
/// # Errors
/// The database's.
pub async fn replay(
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
        AT_ONCE,
    )
    .fetch_one(conn)
    .await
}
