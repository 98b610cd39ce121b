//! Finds imports whose job is over while something is left to do, and enqueues their end.

use domain::catalog::import;
use platform::queue::{Job, JobContext, JobResult, JobScope, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::CloseImport;
use crate::{Services, job};

/// Enqueued by a timer. Unique. A rerun enqueues nothing twice, because [`CloseImport`] is unique
/// per import.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseImports {}

impl Job<Services> for CloseImports {
    const NAME: &'static str = "catalog.close_imports";
    const SCOPE: JobScope = JobScope::Platform;

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::WhileOpen(String::new())
    }

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let mut tx = cx.begin().await?;
        let abandoned = import::list_abandoned_imports(&mut tx).await?;
        tx.enqueue_all(
            abandoned
                .iter()
                .map(|(company, id)| job(*company, &CloseImport { import_id: *id }))
                .collect(),
        )
        .await?;
        cx.finish(tx, json!({ "imports": abandoned.len() })).await
    }
}
