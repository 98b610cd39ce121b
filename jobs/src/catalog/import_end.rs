//! The end of an import that failed or was cancelled. What valid-rows mode has committed by then
//! stays, and levels, netting and alerts include it.
//!
//! An import *ends* in one of three ways: it is completed, fails or is cancelled. What it has
//! written is *settled* then: netting and levels are recomputed and the reactions are enqueued.
//! Only the engine *finishes*: a job, with its last commit.

use domain::catalog::import::{self, FileError, ImportId, State};
use platform::db::Tx;
use platform::queue::{JobContext, JobError};

use super::import_pass::{enqueue_reactions, settle_in_steps};
use crate::Services;

/// Why an import ends.
pub(super) enum Ending {
    /// The import has ended already and keeps its state.
    AlreadyEnded,
    Cancelled,
    Failed(FileError),
}

/// Calls [`end_import`] and commits.
pub(super) async fn commit_end(
    cx: &JobContext<Services>,
    id: ImportId,
    ending: &Ending,
) -> Result<(), JobError> {
    Ok(end_import(cx, id, ending).await?.commit().await?)
}

/// Ends the import, settles what it has committed and clears its staging. Returns the last of its
/// transactions, which the caller commits; where that doesn't happen, the import ends as it did and
/// is settled by another job.
pub(super) async fn end_import(
    cx: &JobContext<Services>,
    id: ImportId,
    ending: &Ending,
) -> Result<Tx, JobError> {
    let company = cx.company();
    let mut tx = cx.begin().await?;
    let work = import::load_work(&mut tx, company, id).await?;
    let ended = match ending {
        Ending::AlreadyEnded => Ok(()),
        Ending::Cancelled => import::cancel_import(&mut tx, company, id, cx.now()).await,
        Ending::Failed(cause) => import::fail_import(&mut tx, company, id, cause).await,
    };
    match ended {
        // An import that has ended meanwhile keeps its state.
        Ok(()) | Err(domain::Error::Conflict { .. }) => {}
        Err(other) => return Err(other.into()),
    }
    if work.state != State::Succeeded && work.merged_through > 0 {
        tx.commit().await?;
        settle_in_steps(cx, id, work.kind).await?;
        tx = cx.begin().await?;
        enqueue_reactions(&mut tx, company, work.kind).await?;
        import::record_settlement(&mut tx, company, id).await?;
    }
    import::clear_staging(&mut tx, id).await?;
    Ok(tx)
}
