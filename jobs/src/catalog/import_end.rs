//! The end of an import before its file does. What valid-rows mode has committed by then stays, and
//! levels, netting and alerts include it.

use domain::catalog::import::{self, FileError, ImportId, ImportWork, Kind, State};
use domain::catalog::{net_sales, recompute_levels};
use platform::db::Tx;
use platform::ids::CompanyId;
use platform::queue::{JobContext, JobError};

use super::import_pass::{event_of, take_turn};
use crate::Services;
use crate::events::reactions_to;

/// Why an import ends.
pub(super) enum Ending {
    /// The import is over already and keeps its state.
    Over,
    Cancelled,
    Failed(FileError),
}

/// Ends the import, settles what it has committed and clears its staging, in one commit.
pub(super) async fn end_import(
    cx: &JobContext<Services>,
    id: ImportId,
    ending: &Ending,
) -> Result<(), JobError> {
    let mut tx = cx.begin().await?;
    close_import(&mut tx, cx, id, ending).await?;
    Ok(tx.commit().await?)
}

/// Does the same within the caller's transaction.
pub(super) async fn close_import(
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
        Ending::Over => Ok(()),
        Ending::Cancelled => import::cancel_import(tx, company, id, cx.now()).await,
        Ending::Failed(cause) => import::fail_import(tx, company, id, cause).await,
    };
    match ended {
        // An import that ended meanwhile keeps its state.
        Ok(()) | Err(domain::Error::Conflict { .. }) => {}
        Err(other) => return Err(other.into()),
    }
    if must_settle {
        settle_import(tx, company, &work).await?;
    }
    Ok(import::clear_staging(tx, id).await?)
}

/// Recomputes netting and levels of what the import has written, and enqueues its reactions.
async fn settle_import(tx: &mut Tx, company: CompanyId, work: &ImportWork) -> Result<(), JobError> {
    let products = import::list_written_products(tx, company, work.id).await?;
    if work.kind == Kind::Sales {
        net_sales(tx, company, &products).await?;
    }
    recompute_levels(tx, company, &products).await?;
    import::record_settlement(tx, company, work.id).await?;
    tx.enqueue_all(reactions_to(company, event_of(work.kind)))
        .await?;
    Ok(())
}
