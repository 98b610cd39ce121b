//! Deletes ended sessions, spent resets, old windows of tries and idempotency keys.

use domain::identity;
use platform::queue::{Job, JobContext, JobResult, JobScope, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Services;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {}

impl Job<Services> for Sweep {
    const NAME: &'static str = "identity.sweep";
    const SCOPE: JobScope = JobScope::Platform;

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::WhileOpen(String::new())
    }

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let mut tx = cx.begin().await?;
        let swept = identity::sweep::delete_expired(&mut tx).await?;
        cx.finish(tx, json!({"swept": swept})).await
    }
}
