//! Takes an import back.

use domain::catalog::import::{self, ImportId, State};
use platform::queue::{Job, JobContext, JobError, JobResult, Queue, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::import_pass::{enqueue_reactions, settle_facts, snooze_for_merge, take_turn};
use crate::Services;

/// Takes an import back in one transaction: its facts go, what it changed becomes what it was.
///
/// - Trigger: `POST /imports/{id}/revert`.
/// - Uniqueness: one open job for each import.
/// - Rerun: nothing once the import was taken back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevertImport {
    pub import_id: ImportId,
}

impl Job<Services> for RevertImport {
    const NAME: &'static str = "catalog.revert_import";
    const QUEUE: Queue = Queue::Heavy;
    const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(1800);

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::WhileOpen(self.import_id.to_string())
    }

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let company = cx.company();
        let mut tx = cx.begin().await?;
        take_turn(&mut tx, company).await?;
        if import::is_another_loading(&mut tx, company, self.import_id).await? {
            return Err(snooze_for_merge());
        }
        let import = match import::lock_revertible(&mut tx, company, self.import_id).await {
            Ok(import) => import,
            Err(refused) => return refuse(cx, tx, refused).await,
        };
        if let Err(refused) = import::require_no_obstacle(&mut tx, company, import).await {
            return refuse(cx, tx, refused).await;
        }
        let settlement = import::revert_facts(&mut tx, company, import).await?;
        let undoing = settlement.list_undoing_lines(&mut tx, company).await?;
        settle_facts(&mut tx, company, &settlement).await?;
        if let Err(refused) = import::require_no_orphan(&mut tx, company, &undoing).await {
            drop(tx);
            let tx = cx.begin().await?;
            return refuse(cx, tx, refused).await;
        }
        enqueue_reactions(&mut tx, company, import.kind).await?;
        import::revert_products(&mut tx, company, self.import_id).await?;
        let result = json!({ "state": State::Reverted, "products": settlement.products.len() });
        cx.finish(tx, result).await
    }
}

/// Ends the job without a change, where the import can't be taken back any more.
async fn refuse(
    cx: JobContext<Services>,
    tx: platform::db::Tx,
    refused: domain::Error,
) -> JobResult {
    match refused {
        domain::Error::Conflict { message, .. } => {
            cx.finish(tx, json!({ "refused": message })).await
        }
        other => Err(JobError::from(other)),
    }
}
