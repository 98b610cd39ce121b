//! Batches of facts: recording, listing and taking them back. The facts of a batch are found by the
//! range of their ids, which begin with their time, and by the call that recorded them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, Uuid};
use platform::money::Decimal;
use sqlx::PgConnection;

use super::levels::{lock_products, recompute_levels};
use super::netting::{StackChange, count_orphans, list_undoing_lines, net_stacks};
use crate::catalog::batch::{Batch, BatchEffect, BatchId, BatchKind, LevelChange, NOT_REVERTIBLE};
use crate::catalog::{ProductId, SiteId};
use crate::{Error, Result};

/// Records the facts of `ids` as one batch, where they are several.
pub(super) async fn record_batch(
    conn: &mut PgConnection,
    company: CompanyId,
    kind: BatchKind,
    (ids, created): (&[Uuid], u64),
    now: DateTime<Utc>,
) -> Result<Option<BatchId>> {
    let bounds = ids.iter().min().zip(ids.iter().max());
    let Some((first, last)) = bounds.filter(|_| ids.len() > 1 && created > 0) else {
        return Ok(None);
    };
    let id = BatchId::new();
    sqlx::query!(
        "insert into fact_batches (company_id, id, kind, facts, first_id, last_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        company.0,
        id.0,
        kind as BatchKind,
        i64::try_from(created).unwrap_or(i64::MAX),
        first,
        last,
        now,
    )
    .execute(conn)
    .await?;
    Ok(Some(id))
}

/// Returns up to `limit` batches, the latest first, after the one of that time and id.
pub async fn list_batches(
    conn: &mut PgConnection,
    company: CompanyId,
    after: Option<(DateTime<Utc>, BatchId)>,
    limit: i64,
) -> Result<Vec<Batch>> {
    let batches = sqlx::query_as!(
        Batch,
        r#"select id as "id: BatchId", kind as "kind: BatchKind", facts, created_at,
             created_by as "created_by: _", request_id, reverted_at
           from fact_batches
           where company_id = $1
             and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
           order by created_at desc, id desc limit $4"#,
        company.0,
        after.map(|(created_at, _)| created_at),
        after.map(|(_, id)| id.0),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(batches)
}

/// # Errors
/// `NotFound` where the company has no such batch.
pub async fn require_batch(
    conn: &mut PgConnection,
    company: CompanyId,
    id: BatchId,
) -> Result<Batch> {
    let batch = sqlx::query_as!(
        Batch,
        r#"select id as "id: BatchId", kind as "kind: BatchKind", facts, created_at,
             created_by as "created_by: _", request_id, reverted_at
           from fact_batches where company_id = $1 and id = $2"#,
        company.0,
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    batch.ok_or(Error::NotFound("batch"))
}

/// Deletes the facts of a batch, and nets and computes levels without them. A preview does the same
/// and doesn't commit.
///
/// # Errors
/// `NotFound`, or `Conflict` where it was taken back already, or newer facts stand on it.
pub async fn revert_batch(
    conn: &mut PgConnection,
    company: CompanyId,
    id: BatchId,
    now: DateTime<Utc>,
) -> Result<BatchEffect> {
    let batch = lock_batch(&mut *conn, company, id).await?;
    let products = list_products(&mut *conn, company, &batch).await?;
    lock_products(&mut *conn, company, &products).await?;
    reject_changed_sales(&mut *conn, company, &batch).await?;
    let before = load_levels(&mut *conn, company, &products).await?;
    let stacks = list_stacks(&mut *conn, company, &batch).await?;
    let facts_deleted = delete_facts(&mut *conn, company, &batch).await?;
    let undoing = list_undoing_lines(&mut *conn, company, &products).await?;
    net_stacks(&mut *conn, company, &stacks).await?;
    let orphans = count_orphans(&mut *conn, company, &undoing).await?;
    if orphans > 0 {
        return reject(format!(
            "sales of the batch came back later (returns: {orphans}); take the returns back first"
        ));
    }
    recompute_levels(&mut *conn, company, &products).await?;
    sqlx::query!(
        "update fact_batches set reverted_at = $3 where company_id = $1 and id = $2",
        company.0,
        id.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    let after = load_levels(conn, company, &products).await?;
    Ok(BatchEffect {
        facts_deleted,
        levels: compare_levels(before, after),
    })
}

fn reject<T>(reason: impl Into<String>) -> Result<T> {
    Err(Error::conflict(NOT_REVERTIBLE, reason))
}

/// What finds the facts of a batch.
struct FactRange {
    first_id: Uuid,
    last_id: Uuid,
    created_at: DateTime<Utc>,
    request_id: Option<String>,
}

/// Keeps others from taking the batch back until the transaction ends.
async fn lock_batch(conn: &mut PgConnection, company: CompanyId, id: BatchId) -> Result<FactRange> {
    let found = sqlx::query!(
        "select first_id, last_id, created_at, request_id, reverted_at
         from fact_batches where company_id = $1 and id = $2 for no key update",
        company.0,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("batch"))?;
    if found.reverted_at.is_some() {
        return reject("the batch was taken back already");
    }
    Ok(FactRange {
        first_id: found.first_id,
        last_id: found.last_id,
        created_at: found.created_at,
        request_id: found.request_id,
    })
}

async fn list_products(
    conn: &mut PgConnection,
    company: CompanyId,
    batch: &FactRange,
) -> Result<Vec<Uuid>> {
    let products = sqlx::query_scalar!(
        r#"select product_id as "id!" from sales
           where company_id = $1 and id between $2 and $3 and created_at = $4
             and request_id is not distinct from $5
           union
           select product_id from stock_movements
           where company_id = $1 and id between $2 and $3 and created_at = $4
             and request_id is not distinct from $5"#,
        company.0,
        batch.first_id,
        batch.last_id,
        batch.created_at,
        batch.request_id,
    )
    .fetch_all(conn)
    .await?;
    Ok(products)
}

/// Fails where an import has changed sales of the batch.
async fn reject_changed_sales(
    conn: &mut PgConnection,
    company: CompanyId,
    batch: &FactRange,
) -> Result<()> {
    let changed = sqlx::query!(
        r#"select i.id, i.file_name, count(*) as "sales!"
           from sales s join imports i on i.company_id = $1 and i.id = s.import_id
           where s.company_id = $1 and s.id between $2 and $3 and s.created_at = $4
             and s.request_id is not distinct from $5
           group by i.id order by i.created_at desc limit 1"#,
        company.0,
        batch.first_id,
        batch.last_id,
        batch.created_at,
        batch.request_id,
    )
    .fetch_optional(conn)
    .await?;
    match changed {
        None => Ok(()),
        Some(import) => reject(format!(
            "the import {} (\"{}\") changed {} of its sales later; take that one back first",
            import.id, import.file_name, import.sales
        )),
    }
}

/// Lists the stacks of the sales, as they are before these go.
async fn list_stacks(
    conn: &mut PgConnection,
    company: CompanyId,
    batch: &FactRange,
) -> Result<Vec<StackChange>> {
    let stacks = sqlx::query_as!(
        StackChange,
        r#"select product_id, customer_id as "customer_id!", size, min(sold_at) as "since!",
             max(sold_at) as "until!", count(*) as "lines!"
           from sales
           where company_id = $1 and id between $2 and $3 and created_at = $4
             and request_id is not distinct from $5 and customer_id is not null
           group by product_id, customer_id, size
           having bool_or(kind in ('cancellation', 'return') or netted_quantity <> 0)"#,
        company.0,
        batch.first_id,
        batch.last_id,
        batch.created_at,
        batch.request_id,
    )
    .fetch_all(conn)
    .await?;
    Ok(stacks)
}

async fn delete_facts(
    conn: &mut PgConnection,
    company: CompanyId,
    batch: &FactRange,
) -> Result<i64> {
    let deleted = sqlx::query_scalar!(
        r#"with sold as (
             delete from sales
             where company_id = $1 and id between $2 and $3 and created_at = $4
               and request_id is not distinct from $5 and import_id is null
             returning 1
           ),
           moved as (
             delete from stock_movements
             where company_id = $1 and id between $2 and $3 and created_at = $4
               and request_id is not distinct from $5
             returning 1
           )
           select (select count(*) from sold) + (select count(*) from moved) as "facts!""#,
        company.0,
        batch.first_id,
        batch.last_id,
        batch.created_at,
        batch.request_id,
    )
    .fetch_one(conn)
    .await?;
    Ok(deleted)
}

type Levels = BTreeMap<(String, Option<SiteId>), (ProductId, Decimal)>;

/// Returns the known levels by code and site.
async fn load_levels(
    conn: &mut PgConnection,
    company: CompanyId,
    products: &[Uuid],
) -> Result<Levels> {
    let rows = sqlx::query!(
        r#"select p.sku, p.id as "id: ProductId", l.site_id as "site_id: SiteId", l.level
           from stock_levels l join products p on p.company_id = $1 and p.id = l.product_id
           where l.company_id = $1 and l.product_id = any ($2)"#,
        company.0,
        products,
    )
    .fetch_all(conn)
    .await?;
    let keyed = rows.into_iter();
    Ok(keyed
        .map(|row| ((row.sku, row.site_id), (row.id, row.level)))
        .collect())
}

/// Returns the levels that differ.
fn compare_levels(before: Levels, mut after: Levels) -> Vec<LevelChange> {
    let mut changes = Vec::new();
    for ((sku, site_id), (product_id, level)) in before {
        let now = after
            .remove(&(sku.clone(), site_id))
            .map(|(_, level)| level);
        changes.push(LevelChange {
            product_id,
            sku,
            site_id,
            before: Some(level),
            after: now,
        });
    }
    changes.extend(
        after
            .into_iter()
            .map(|((sku, site_id), (product_id, level))| LevelChange {
                product_id,
                sku,
                site_id,
                before: None,
                after: Some(level),
            }),
    );
    changes.retain(|change| change.before != change.after);
    changes
}
