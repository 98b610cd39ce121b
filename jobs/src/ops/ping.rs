//! A job without work.

use platform::queue::{Done, EnqueuedBy, Job, JobContext, JobResult, Queue};
use serde::{Deserialize, Serialize};

use crate::Services;

/// Succeeds at once: shows an operator that a company's jobs run, and measures the engine.
///
/// - Trigger: `POST /jobs`.
/// - Uniqueness: none.
/// - Rerun: no effect.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ping {
    /// A note of the caller. The job does not read it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Job<Services> for Ping {
    const NAME: &'static str = "ops.ping";
    const QUEUE: Queue = Queue::Fast;
    const ENQUEUED_BY: EnqueuedBy = EnqueuedBy::AnyWriter;

    async fn run(self, _cx: JobContext<Services>) -> JobResult {
        Ok(Done::Result(Some(r#"{"pong":true}"#.to_owned())))
    }
}
