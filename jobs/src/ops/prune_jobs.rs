//! The retention of finished jobs.

use platform::queue::{Done, Job, JobContext, JobResult, Platform, Uniqueness, retention};
use serde::{Deserialize, Serialize};

use crate::Services;

const MAX_BATCH_JOBS: i64 = 5_000;

/// Deletes succeeded and cancelled jobs after 7 days, and dead and parked ones after 30. Each batch
/// is a commit of its own.
///
/// - Trigger: every 10 minutes.
/// - Uniqueness: one open job.
/// - Rerun: deletes what has expired since.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PruneJobs {}

impl Job<Services, Platform> for PruneJobs {
    const NAME: &'static str = "ops.prune_jobs";

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::Singleton
    }

    async fn run(self, cx: JobContext<Services, Platform>) -> JobResult {
        let mut pruned = 0;
        while !cx.is_cancelled() {
            let batch = retention::prune_jobs(cx.services().db.engine(), MAX_BATCH_JOBS).await?;
            pruned += batch;
            if batch < MAX_BATCH_JOBS {
                break;
            }
        }
        Ok(Done::with(&serde_json::json!({ "pruned": pruned })))
    }
}
