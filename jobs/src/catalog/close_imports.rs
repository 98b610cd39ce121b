//! Looks for imports whose job is over while something is left to do.

use domain::catalog::import;
use platform::queue::{Job, JobContext, JobResult, Platform, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::CloseImport;
use crate::{Services, job};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseImports {}

impl Job<Services, Platform> for CloseImports {
    const NAME: &'static str = "catalog.close_imports";

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::Singleton
    }

    async fn run(self, cx: JobContext<Services, Platform>) -> JobResult {
        let mut tx = cx.begin().await?;
        let left = import::abandoned_imports(&mut tx).await?;
        tx.enqueue_all(
            left.iter()
                .map(|(company, id)| job(*company, &CloseImport { import_id: *id }))
                .collect(),
        )
        .await?;
        cx.finish(tx, json!({ "imports": left.len() })).await
    }
}
