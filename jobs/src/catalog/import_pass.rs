//! What every pass of an import shares.

use std::time::Duration;

use domain::catalog::import::{self, ImportId, Kind, Settlement, Turn};
use domain::catalog::{net_stacks, recompute_levels};
use platform::db::Tx;
use platform::ids::CompanyId;
use platform::queue::{JobContext, JobError, Progress};

use crate::Services;
use crate::events::{Event, reactions_to};

/// How long an import waits for its turn before it is snoozed again.
const MERGE_LOCK_SNOOZE: Duration = Duration::from_secs(15);
/// Stacks that one transaction nets. Their products are locked to its end.
const STACKS_AT_ONCE: usize = 2_000;
/// Products whose levels one transaction computes. They are locked to its end.
const PRODUCTS_AT_ONCE: usize = 200;

/// Takes the company's turn to merge. While another import of the company merges, the job snoozes,
/// which spends no attempt.
pub(super) async fn take_turn(tx: &mut Tx, company: CompanyId) -> Result<(), JobError> {
    match import::take_merge_turn(tx, company).await? {
        Turn::Taken => Ok(()),
        Turn::Busy => Err(snooze_for_merge()),
    }
}

pub(super) fn snooze_for_merge() -> JobError {
    JobError::snooze(
        MERGE_LOCK_SNOOZE,
        "another import of the company is merging",
    )
}

/// Settles the facts of an import in several transactions, so that products are locked briefly.
/// Idempotent. Returns how many cancellations and returns found their sale.
pub(super) async fn settle_in_steps(
    cx: &JobContext<Services>,
    id: ImportId,
    kind: Kind,
) -> Result<u64, JobError> {
    // Products are no facts.
    if kind == Kind::Products {
        return Ok(0);
    }
    let company = cx.company();
    let mut tx = cx.begin().await?;
    let Settlement { stacks, products } = import::find_settlement(&mut tx, company, id).await?;
    tx.commit().await?;
    let stack_steps = stacks.chunks(STACKS_AT_ONCE).map(|part| Settlement {
        stacks: part.to_vec(),
        products: Vec::new(),
    });
    let level_steps = products.chunks(PRODUCTS_AT_ONCE).map(|part| Settlement {
        stacks: Vec::new(),
        products: part.to_vec(),
    });
    let mut netted = 0;
    for step in stack_steps.chain(level_steps) {
        let mut tx = cx.begin().await?;
        take_turn(&mut tx, company).await?;
        netted += settle_facts(&mut tx, company, &step).await?;
        tx.commit().await?;
    }
    Ok(netted)
}

/// Recomputes the netting and the levels that `settlement` names. Returns how many cancellations
/// and returns found their sale.
pub(super) async fn settle_facts(
    tx: &mut Tx,
    company: CompanyId,
    settlement: &Settlement,
) -> Result<u64, JobError> {
    let netted = net_stacks(tx, company, &settlement.stacks).await?;
    recompute_levels(tx, company, &settlement.products).await?;
    Ok(netted)
}

/// Enqueues what follows from the facts of an import.
pub(super) async fn enqueue_reactions(
    tx: &mut Tx,
    company: CompanyId,
    kind: Kind,
) -> Result<(), JobError> {
    tx.enqueue_all(reactions_to(company, event_of(kind)))
        .await?;
    Ok(())
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
