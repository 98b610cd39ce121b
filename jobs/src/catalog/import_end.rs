//! How an import ends before its file does. What valid-rows mode has committed by then stays, and moves levels,
//! netting and alerts like anything else.

use domain::catalog::import::{self, ImportId, Kind, Refusal, State, Work};
use domain::catalog::{net_sales, recompute_levels};
use platform::db::Tx;
use platform::ids::CompanyId;
use platform::queue::{JobContext, JobError};

use super::import_merge::take_turn;
use crate::Services;
use crate::events::{Event, reactions_to};

/// Why an import ends; one that is over already stays as it is.
pub(super) enum Ending {
    Over,
    Cancelled,
    Failed(Refusal),
}

/// Ends the import, takes in what it has committed and empties its staging, in one commit.
pub(super) async fn end(
    cx: &JobContext<Services>,
    id: ImportId,
    ending: &Ending,
) -> Result<(), JobError> {
    let mut tx = cx.begin().await?;
    close(&mut tx, cx, id, ending).await?;
    Ok(tx.commit().await?)
}

/// The same as a part of the caller's transaction.
pub(super) async fn close(
    tx: &mut Tx,
    cx: &JobContext<Services>,
    id: ImportId,
    ending: &Ending,
) -> Result<(), JobError> {
    let company = cx.company();
    let work = import::find_work(tx, company, id).await?;
    let must_settle = work.state != State::Succeeded && work.merged_through > 0;
    if must_settle {
        take_turn(tx, company).await?;
    }
    let ended = match ending {
        Ending::Over => Ok(()),
        Ending::Cancelled => import::cancel_import(tx, company, id, cx.now()).await,
        Ending::Failed(why) => import::fail(tx, company, id, why).await,
    };
    match ended {
        Ok(()) | Err(domain::Error::Conflict { .. }) => {}
        Err(other) => return Err(other.into()),
    }
    if must_settle {
        settle(tx, company, &work).await?;
    }
    Ok(import::wipe(tx, id).await?)
}

async fn settle(tx: &mut Tx, company: CompanyId, work: &Work) -> Result<(), JobError> {
    let written = import::written_products(tx, company, work.id).await?;
    if work.kind == Kind::Sales {
        net_sales(tx, company, &written).await?;
    }
    recompute_levels(tx, company, &written).await?;
    import::record_settled(tx, company, work.id).await?;
    tx.enqueue_all(reactions_to(company, event_of(work.kind)))
        .await?;
    Ok(())
}

/// What an import of this kind causes.
pub(super) fn event_of(kind: Kind) -> Event {
    match kind {
        Kind::Sales => Event::SalesImported,
        Kind::Products => Event::ProductsImported,
        Kind::StockCounts => Event::StockCounted,
    }
}

/// Nothing more is written of an import that ended meanwhile: its job stops.
pub(super) fn unless_over<T>(step: domain::Result<T>) -> Result<T, JobError> {
    match step {
        Err(domain::Error::Conflict { .. }) => Err(JobError::Cancelled),
        other => Ok(other?),
    }
}
