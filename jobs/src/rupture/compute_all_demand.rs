//! The nightly tick: one job per company, so that a slow or failing one delays no other.

use domain::rupture;
use platform::queue::{Job, JobContext, JobResult, Platform, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ComputeDemand;
use crate::{Services, job};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComputeAllDemand {}

impl Job<Services, Platform> for ComputeAllDemand {
    const NAME: &'static str = "rupture.compute_all_demand";

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::Singleton
    }

    async fn run(self, cx: JobContext<Services, Platform>) -> JobResult {
        let mut tx = cx.begin().await?;
        let companies = rupture::companies_to_watch(&mut tx).await?;
        tx.enqueue_all(
            companies
                .iter()
                .map(|company| job(*company, &ComputeDemand {}))
                .collect(),
        )
        .await?;
        cx.finish(tx, json!({ "companies": companies.len() })).await
    }
}
