//! The pass that brings staged rows into the catalog. In valid-rows mode range by range, each a commit of its
//! own; all or nothing in one. The last commit holds the totals, the end of the import and what follows from it.

use std::time::Duration;

use domain::catalog::import::{self, Counts, Kind, Merged, Mode, State, Work};
use domain::catalog::{net_sales, recompute_levels};
use platform::db::Tx;
use platform::ids::CompanyId;
use platform::queue::{JobContext, JobError, JobResult};
use serde_json::json;

use super::import_end::{event_of, unless_over};
use super::import_file::progress;
use crate::Services;
use crate::events::reactions_to;

/// Lines in one commit.
const RANGE: i64 = 100_000;
const PAUSE: Duration = Duration::from_secs(15);

pub(super) async fn merge(
    cx: &JobContext<Services>,
    work: &Work,
    through: i64,
    mut counts: Counts,
) -> JobResult {
    let company = cx.company();
    let mut tx = cx.begin().await?;
    if work.options.mode == Mode::AllOrNothing {
        take_turn(&mut tx, company).await?;
        prepare(&mut tx, cx, work, &mut counts).await?;
        merge_range(&mut tx, cx, work, (0, through)).await?;
        return finish(tx, cx, work, counts).await;
    }
    prepare(&mut tx, cx, work, &mut counts).await?;
    import::record_counts(&mut tx, company, work.id, &counts).await?;
    let total = u64::try_from(through).unwrap_or(0);
    let mut after = work.merged_through;
    cx.checkpoint(
        tx,
        &progress(u64::try_from(after).unwrap_or(0), total, "merging"),
    )
    .await?;
    while after < through {
        let next = if work.kind == Kind::Products {
            through
        } else {
            through.min(after + RANGE)
        };
        let mut tx = cx.begin().await?;
        merge_range(&mut tx, cx, work, (after, next)).await?;
        cx.checkpoint(
            tx,
            &progress(u64::try_from(next).unwrap_or(0), total, "merging"),
        )
        .await?;
        after = next;
    }
    let mut tx = cx.begin().await?;
    take_turn(&mut tx, company).await?;
    finish(tx, cx, work, counts).await
}

/// Waits while another import of the company merges: through nobody's fault, so that no try is spent on it.
pub(super) async fn take_turn(tx: &mut Tx, company: CompanyId) -> Result<(), JobError> {
    if import::take_turn(tx, company).await? {
        return Ok(());
    }
    Err(JobError::snooze(
        PAUSE,
        "another import of the company is merging",
    ))
}

/// Makes what the rows name and the catalog lacks.
async fn prepare(
    tx: &mut Tx,
    cx: &JobContext<Services>,
    work: &Work,
    counts: &mut Counts,
) -> Result<(), JobError> {
    let company = cx.company();
    if work.kind == Kind::Products {
        return Ok(import::create_missing_references(tx, company, work.id).await?);
    }
    counts.products_created +=
        import::create_missing_products(tx, company, work.id, work.product_currency()).await?;
    if work.kind == Kind::Sales {
        counts.customers_created += import::create_missing_customers(tx, company, work.id).await?;
    }
    Ok(())
}

async fn merge_range(
    tx: &mut Tx,
    cx: &JobContext<Services>,
    work: &Work,
    range: (i64, i64),
) -> Result<Merged, JobError> {
    let company = cx.company();
    let merged = match work.kind {
        Kind::Sales => import::merge_sales(tx, company, work.id, work.options.stock, range).await?,
        Kind::Products => import::merge_products(tx, company, work.id).await?,
        Kind::StockCounts => import::merge_counts(tx, company, work.id, range).await?,
    };
    unless_over(import::record_merged(tx, company, work.id, range.1, merged).await)?;
    Ok(merged)
}

async fn finish(
    mut tx: Tx,
    cx: &JobContext<Services>,
    work: &Work,
    mut counts: Counts,
) -> JobResult {
    let company = cx.company();
    if work.kind != Kind::Products {
        let touched = import::touched_products(&mut tx, company, work.id).await?;
        counts.products = touched.len() as u64;
        if work.kind == Kind::Sales {
            counts.netted = net_sales(&mut tx, company, &touched).await?;
        }
        recompute_levels(&mut tx, company, &touched).await?;
    }
    if work.kind == Kind::Sales {
        import::warn_of_lines(&mut tx, company, work.id).await?;
    }
    unless_over(import::succeed(&mut tx, company, work.id, &counts).await)?;
    tx.enqueue_all(reactions_to(company, event_of(work.kind)))
        .await?;
    cx.finish(tx, json!({ "state": State::Succeeded, "totals": counts }))
        .await
}
