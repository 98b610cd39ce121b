//! The pass that merges staged rows into the catalog. Valid-rows mode commits range by range,
//! all-or-nothing mode once. The last commit holds the totals, the end of the import and its
//! reactions.

use domain::catalog::import::{
    self, ImportTotals, ImportWork, Kind, Mode, SameDay, State, UnknownSites,
};
use platform::db::Tx;
use platform::queue::{JobContext, JobError, JobResult};
use serde_json::json;

use super::import_pass::{
    enqueue_reactions, progress_of, settle_facts, settle_in_steps, stop_if_import_ended, take_turn,
};
use crate::Services;

/// Lines in one commit. Bounds what a killed worker merges again; each range repeats the hash join
/// with all products of the company.
const RANGE_LINES: i64 = 100_000;

pub(super) async fn merge_file(
    cx: &JobContext<Services>,
    work: &ImportWork,
    through: i64,
    mut totals: ImportTotals,
) -> JobResult {
    let company = cx.company();
    let mut tx = cx.begin().await?;
    match work.options.mode {
        Mode::AllOrNothing => {
            take_turn(&mut tx, company).await?;
            create_missing(&mut tx, cx, work, &mut totals).await?;
            merge_range(&mut tx, cx, work, (0, through)).await?;
            replace_days(&mut tx, cx, work).await?;
            if work.kind != Kind::Products {
                let settlement = import::find_settlement(&mut tx, company, work.id).await?;
                totals.netted = settle_facts(&mut tx, company, &settlement).await?;
            }
        }
        Mode::ValidRows => {
            create_missing(&mut tx, cx, work, &mut totals).await?;
            let recorded = import::record_totals(&mut tx, company, work.id, &totals).await;
            stop_if_import_ended(recorded)?;
            checkpoint_merge(cx, tx, work.merged_through, through).await?;
            merge_ranges(cx, work, through).await?;
            tx = cx.begin().await?;
            let is_open = import::record_totals(&mut tx, company, work.id, &totals).await;
            stop_if_import_ended(is_open)?;
            replace_days(&mut tx, cx, work).await?;
            tx.commit().await?;
            totals.netted = settle_in_steps(cx, work.id, work.kind).await?;
            tx = cx.begin().await?;
            take_turn(&mut tx, company).await?;
        }
    }
    complete(tx, cx, work, totals).await
}

/// Merges and commits the ranges that no earlier attempt has committed.
async fn merge_ranges(
    cx: &JobContext<Services>,
    work: &ImportWork,
    through: i64,
) -> Result<(), JobError> {
    let mut after = work.merged_through;
    while after < through {
        // Of rows of one code the last totals, wherever in the file the others are.
        let next = match work.kind {
            Kind::Products => through,
            Kind::Sales | Kind::StockCounts => through.min(after + RANGE_LINES),
        };
        let mut tx = cx.begin().await?;
        merge_range(&mut tx, cx, work, (after, next)).await?;
        checkpoint_merge(cx, tx, next, through).await?;
        after = next;
    }
    Ok(())
}

async fn checkpoint_merge(
    cx: &JobContext<Services>,
    tx: Tx,
    done: i64,
    total: i64,
) -> Result<(), JobError> {
    let (done, total) = (done.unsigned_abs(), total.unsigned_abs());
    cx.checkpoint(tx, &progress_of(done, total, "merging"))
        .await
}

/// Creates what the rows name and the catalog lacks.
async fn create_missing(
    tx: &mut Tx,
    cx: &JobContext<Services>,
    work: &ImportWork,
    totals: &mut ImportTotals,
) -> Result<(), JobError> {
    let company = cx.company();
    if work.kind == Kind::Products {
        return Ok(import::create_missing_references(tx, company, work.id).await?);
    }
    if work.options.unknown_sites == UnknownSites::Create {
        import::create_missing_sites(tx, company, work.id).await?;
    }
    totals.products_created +=
        import::create_missing_products(tx, company, work.id, work.product_currency()).await?;
    if work.kind == Kind::Sales {
        totals.customers_created += import::create_missing_customers(tx, company, work.id).await?;
    }
    Ok(())
}

async fn merge_range(
    tx: &mut Tx,
    cx: &JobContext<Services>,
    work: &ImportWork,
    range: (i64, i64),
) -> Result<(), JobError> {
    let company = cx.company();
    let merged = match work.kind {
        Kind::Sales => {
            let rule = work.options.stock;
            let merged = import::merge_sales(tx, company, work.id, rule, range).await?;
            import::add_sales_to_levels(tx, company, work.id, range).await?;
            merged
        }
        Kind::Products => import::merge_products(tx, company, work.id).await?,
        Kind::StockCounts => import::merge_counts(tx, company, work.id, range).await?,
    };
    stop_if_import_ended(import::record_merge(tx, company, work.id, range.1, merged).await)
}

/// Cancels what other files hold of days that this one replaces.
async fn replace_days(
    tx: &mut Tx,
    cx: &JobContext<Services>,
    work: &ImportWork,
) -> Result<(), JobError> {
    if work.kind == Kind::Sales && work.options.same_day == Some(SameDay::Replace) {
        import::replace_days(tx, cx.company(), work.id, work.language).await?;
    }
    Ok(())
}

/// Completes the import, whose facts are settled.
async fn complete(
    mut tx: Tx,
    cx: &JobContext<Services>,
    work: &ImportWork,
    mut totals: ImportTotals,
) -> JobResult {
    let company = cx.company();
    totals.products = import::count_staged_products(&mut tx, company, work.id).await?;
    if work.kind == Kind::Sales {
        let options = &work.options;
        import::record_line_warnings(&mut tx, company, work.id, options, work.language).await?;
    }
    enqueue_reactions(&mut tx, company, work.kind).await?;
    stop_if_import_ended(import::complete_import(&mut tx, company, work.id, &totals).await)?;
    cx.finish(tx, json!({ "state": State::Succeeded, "totals": totals }))
        .await
}
