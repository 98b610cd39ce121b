//! The end of an import that failed or was cancelled. What valid-rows mode has committed by then
//! stays, and levels, netting and alerts include it.
//!
//! An import *ends* in one of three ways: it is completed, fails or is cancelled. What it has
//! written is *settled* then: netting and levels are recomputed and the reactions are enqueued.
//! Only the engine *finishes*: a job, with its last commit.

use domain::catalog::import::{self, FileError, ImportId, State};
use platform::db::Tx;
use platform::queue::{JobContext, JobError};

use super::import_pass::{settle_products, take_turn};
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
    let mut tx = cx.begin().await?;
    end_import(&mut tx, cx, id, ending).await?;
    Ok(tx.commit().await?)
}

/// Ends the import, settles what it has committed and clears its staging, in the caller's
/// transaction.
pub(super) async fn end_import(
    tx: &mut Tx,
    cx: &JobContext<Services>,
    id: ImportId,
    ending: &Ending,
) -> Result<(), JobError> {
    let company = cx.company();
    let work = import::load_work(tx, company, id).await?;
    let must_settle = work.state != State::Succeeded && work.merged_through > 0;
    if must_settle {
        take_turn(tx, company).await?;
    }
    let ended = match ending {
        Ending::AlreadyEnded => Ok(()),
        Ending::Cancelled => import::cancel_import(tx, company, id, cx.now()).await,
        Ending::Failed(cause) => import::fail_import(tx, company, id, cause).await,
    };
    match ended {
        // An import that has ended meanwhile keeps its state.
        Ok(()) | Err(domain::Error::Conflict { .. }) => {}
        Err(other) => return Err(other.into()),
    }
    if must_settle {
        let products = import::list_written_products(tx, company, id).await?;
        settle_products(tx, company, work.kind, &products).await?;
        import::record_settlement(tx, company, id).await?;
    }
    Ok(import::clear_staging(tx, id).await?)
}
