//! Progress of a long job: kept with the job, so that it survives a crash.

use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::ids::JobId;
use crate::text::clean_text;

const MAX_MESSAGE_CHARS: usize = 1_000;

/// How much of a long job is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub done: u64,
    /// 0 while it is unknown.
    pub total: u64,
    pub message: String,
}

/// The state of a job whose progress was to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressRecorded {
    Running,
    CancelRequested,
    /// Another claim owns the job; nothing was recorded.
    Lost,
}

/// Records progress under the claim's fence. The row stays locked until the transaction ends.
pub async fn record_progress(
    conn: &mut PgConnection,
    id: JobId,
    fence: i32,
    progress: &Progress,
) -> sqlx::Result<ProgressRecorded> {
    let cancel_requested = sqlx::query_scalar!(
        "update jobs_open set progress = $3 where id = $1 and fence = $2 and state = 'running'
         returning cancel_requested",
        id.0,
        fence,
        serde_json::json!({
            "done": progress.done,
            "total": progress.total,
            "message": clean_text(&progress.message, MAX_MESSAGE_CHARS),
        }),
    )
    .fetch_optional(conn)
    .await?;
    Ok(match cancel_requested {
        Some(true) => ProgressRecorded::CancelRequested,
        Some(false) => ProgressRecorded::Running,
        None => ProgressRecorded::Lost,
    })
}
