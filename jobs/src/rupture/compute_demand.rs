//! The demand of a company, from its sales.

use std::time::Duration;

use domain::rupture;
use platform::queue::{EnqueuedBy, Job, JobContext, JobResult, Queue, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::refresh_outlooks;
use crate::Services;
use crate::events::{Event, reactions_to};

/// Computes the demand of all products of a company. The alerts are evaluated next.
///
/// - Trigger: sales, and nightly.
/// - Uniqueness: one open job for each company; a duplicate while it runs requests a rerun.
/// - Rerun: computes the same demand from the same sales.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComputeDemand {}

impl Job<Services> for ComputeDemand {
    const NAME: &'static str = "rupture.compute_demand";
    const QUEUE: Queue = Queue::Heavy;
    const ENQUEUED_BY: EnqueuedBy = EnqueuedBy::Supervisors;
    const TIMEOUT: Duration = Duration::from_secs(300);

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::Reconciler(String::new())
    }

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let (company, now) = (cx.company(), cx.now());
        let mut tx = cx.begin().await?;
        let made = rupture::recompute_demand(&mut tx, company, now).await?;
        let run = rupture::record_run(&mut tx, company, &made, now).await?;
        refresh_outlooks(&mut tx, company, now).await?;
        tx.enqueue_all(reactions_to(company, Event::DemandComputed))
            .await?;
        let result = json!({ "run_id": run, "as_of": made.as_of, "products": made.products });
        cx.finish(tx, result).await
    }
}
