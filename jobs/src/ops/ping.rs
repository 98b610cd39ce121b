//! Does nothing and says so: shows an operator that a company's jobs run, and measures the engine.

use platform::queue::{Done, EnqueuedBy, Job, JobContext, JobResult, Queue};
use serde::{Deserialize, Serialize};

use crate::Services;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ping {
    /// Given back as it came.
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
