//! The daily look at every subscription that runs: what an event that was lost would have told.

use chrono::TimeDelta;
use domain::billing;
use platform::queue::{Job, JobContext, JobResult, JobScope, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ApplySubscription;
use crate::{Services, job};

/// So many subscriptions are asked for in a second, well below Stripe's limit.
const PER_SECOND: usize = 10;
const BATCH: usize = 1_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReconcileSubscriptions {}

impl Job<Services> for ReconcileSubscriptions {
    const NAME: &'static str = "billing.reconcile_subscriptions";
    const SCOPE: JobScope = JobScope::Platform;

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::WhileOpen(String::new())
    }

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let mut tx = cx.begin().await?;
        let running = billing::list_running_subscriptions(&mut tx).await?;
        let subscriptions = running.len();
        let mut jobs = running
            .into_iter()
            .enumerate()
            .map(|(i, (company, subscription))| {
                let later = i64::try_from(i / PER_SECOND).unwrap_or(0);
                job(company, &ApplySubscription { subscription })
                    .at(cx.now() + TimeDelta::seconds(later))
            });
        for _ in 0..subscriptions.div_ceil(BATCH) {
            tx.enqueue_all(jobs.by_ref().take(BATCH).collect()).await?;
        }
        cx.finish(tx, json!({"subscriptions": subscriptions})).await
    }
}
