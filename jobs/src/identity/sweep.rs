//! The removal of what identity no longer needs.

use domain::identity;
use platform::queue::{Job, JobContext, JobResult, Platform, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Services;

/// Deletes ended sessions, used refresh tokens, expired resets and registrations, and old counters
/// of attempts and idempotency keys.
///
/// - Trigger: hourly.
/// - Uniqueness: one open job.
/// - Rerun: deletes what has expired since.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {}

impl Job<Services, Platform> for Sweep {
    const NAME: &'static str = "identity.sweep";

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::Singleton
    }

    async fn run(self, cx: JobContext<Services, Platform>) -> JobResult {
        let mut tx = cx.begin().await?;
        let swept = identity::sweep::delete_expired(&mut tx).await?;
        cx.finish(tx, json!({"swept": swept})).await
    }
}
