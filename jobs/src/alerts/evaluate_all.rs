//! The 5-minute tick: one small job per company, a little apart from each other.

use chrono::TimeDelta;
use domain::rupture;
use platform::queue::{Job, JobContext, JobResult, Platform, Queue, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::EvaluateAlerts;
use crate::{Services, job};

/// So many companies start at once; the next so many a second later, within the tick's own length.
const PER_SECOND: usize = 50;
const SPREAD_SECONDS: usize = 240;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluateAllAlerts {}

impl Job<Services, Platform> for EvaluateAllAlerts {
    const NAME: &'static str = "alerts.evaluate_all";
    const QUEUE: Queue = Queue::Fast;

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::Singleton
    }

    async fn run(self, cx: JobContext<Services, Platform>) -> JobResult {
        let mut tx = cx.begin().await?;
        let companies = rupture::companies_to_watch(&mut tx).await?;
        let staggered = companies.iter().enumerate().map(|(i, company)| {
            let later = i64::try_from(i / PER_SECOND % SPREAD_SECONDS).unwrap_or(0);
            job(*company, &EvaluateAlerts {}).at(cx.now() + TimeDelta::seconds(later))
        });
        tx.enqueue_all(staggered.collect()).await?;
        cx.finish(tx, json!({ "companies": companies.len() })).await
    }
}
