//! Forgets finished jobs: what succeeded or was cancelled after 7 days, what died or was parked after
//! 30, in small batches, each a commit of its own.

use platform::queue::{Done, Job, JobContext, JobResult, JobScope, Uniqueness, retention};
use serde::{Deserialize, Serialize};

use crate::Services;

const BATCH: i64 = 5_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PruneJobs {}

impl Job<Services> for PruneJobs {
    const NAME: &'static str = "ops.prune_jobs";
    const SCOPE: JobScope = JobScope::Platform;

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::WhileOpen(String::new())
    }

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let mut pruned = 0;
        while !cx.is_cancelled() {
            let batch = retention::prune_jobs(cx.services().db.engine(), BATCH).await?;
            pruned += batch;
            if batch < BATCH {
                break;
            }
        }
        Ok(Done::with(&serde_json::json!({ "pruned": pruned })))
    }
}
