//! What every pass of an import shares.

use std::time::Duration;

use domain::catalog::import::{self, Kind, Turn};
use domain::catalog::{net_sales, recompute_levels};
use platform::db::Tx;
use platform::ids::{CompanyId, Uuid};
use platform::queue::{JobError, Progress};

use crate::events::{Event, reactions_to};

/// How long an import waits for its turn before it is snoozed again.
const MERGE_LOCK_SNOOZE: Duration = Duration::from_secs(15);

/// Takes the company's turn to merge. While another import of the company merges, the job snoozes,
/// which spends no attempt.
pub(super) async fn take_turn(tx: &mut Tx, company: CompanyId) -> Result<(), JobError> {
    match import::take_merge_turn(tx, company).await? {
        Turn::Taken => Ok(()),
        Turn::Busy => Err(JobError::snooze(
            MERGE_LOCK_SNOOZE,
            "another import of the company is merging",
        )),
    }
}

/// Settles the products whose facts an import has written: recomputes netting and levels, and
/// enqueues the reactions. Returns how many cancellations and returns found their sale.
pub(super) async fn settle_products(
    tx: &mut Tx,
    company: CompanyId,
    kind: Kind,
    products: &[Uuid],
) -> Result<u64, JobError> {
    let netted = match kind {
        Kind::Sales => net_sales(tx, company, products).await?,
        Kind::Products | Kind::StockCounts => 0,
    };
    recompute_levels(tx, company, products).await?;
    tx.enqueue_all(reactions_to(company, event_of(kind)))
        .await?;
    Ok(netted)
}

/// Stops the job where the import has ended meanwhile, because nothing more of it may be written.
pub(super) fn stop_if_import_ended<T>(step: domain::Result<T>) -> Result<T, JobError> {
    match step {
        Err(domain::Error::Conflict { code, .. }) if code == import::HAS_ENDED => {
            Err(JobError::Cancelled)
        }
        other => Ok(other?),
    }
}

fn event_of(kind: Kind) -> Event {
    match kind {
        Kind::Sales => Event::SalesImported,
        Kind::Products => Event::ProductsImported,
        Kind::StockCounts => Event::StockCounted,
    }
}

pub(super) fn progress_of(done: u64, total: u64, message: &str) -> Progress {
    Progress {
        done,
        total,
        message: message.to_owned(),
    }
}
