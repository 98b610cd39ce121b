//! Ends an import whose own job can't: the job was cancelled while it waited, was parked, or was
//! lost on its last attempt.

use domain::Text;
use domain::catalog::import::{self, FileError, ImportId};
use platform::queue::view;
use platform::queue::{Job, JobContext, JobResult, JobState, Queue, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::import_end::{Ending, end_import};
use crate::Services;

/// Ends an import whose own job cannot: cancelled while it waited, parked, or dead.
///
/// - Trigger: `POST /imports/{id}/cancel`, and every 5 minutes for imports without an open job.
/// - Uniqueness: one open job for each import.
/// - Rerun: nothing once the import has ended and is settled.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndImport {
    pub import_id: ImportId,
}

impl Job<Services> for EndImport {
    const NAME: &'static str = "catalog.end_import";
    const QUEUE: Queue = Queue::Heavy;
    const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(1800);

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::WhileOpen(self.import_id.to_string())
    }

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let mut tx = cx.begin().await?;
        let import = import::require_import(&mut tx, cx.company(), self.import_id).await?;
        let job = match import.job_id {
            Some(id) => view::find_job(&mut tx, id).await?,
            None => None,
        };
        let state = job.map(|job| job.state);
        let Some(ending) = choose_ending(import.state.is_final(), state) else {
            return cx.finish(tx, json!({ "skipped": "its job is open" })).await;
        };
        tx.commit().await?;
        let mut tx = end_import(&cx, self.import_id, &ending).await?;
        let import = import::require_import(&mut tx, cx.company(), self.import_id).await?;
        cx.finish(tx, json!({ "state": import.state })).await
    }
}

/// Returns `None` where the job of an open import is open too. `job` is the state of the import's
/// job, if its row still exists.
fn choose_ending(has_ended: bool, job: Option<JobState>) -> Option<Ending> {
    if has_ended {
        return Some(Ending::AlreadyEnded);
    }
    match job {
        Some(JobState::Scheduled | JobState::Queued | JobState::Running) => None,
        Some(JobState::Cancelled) => Some(Ending::Cancelled),
        Some(JobState::Succeeded | JobState::Dead | JobState::Parked) | None => {
            let reason = Text::new("import_job_ended");
            Some(Ending::Failed(FileError::worded("job_ended", reason)))
        }
    }
}
