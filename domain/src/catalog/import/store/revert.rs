//! Takes an import back: deletes what it added and restores what it changed.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::id_range::IdRange;
use super::revert_preview::list_obstacles;
use super::revert_references::{archive_unused_references, count_references};
use super::settlement::Settlement;
use crate::catalog::StackChange;
use crate::catalog::count_orphans;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::lifecycle::{ImportId, State};
use crate::catalog::import::revert::NOT_REVERTIBLE;
use crate::catalog::store::product_columns::product_statement;
use crate::{Error, Result};

/// An import that can be taken back, with the ids that its rows may have.
#[derive(Debug, Clone, Copy)]
pub struct RevertibleImport {
    pub id: ImportId,
    pub kind: Kind,
    rows_imported: i64,
    pub(super) ids: IdRange,
}

/// Finds the import and keeps others from changing it until the transaction ends.
///
/// # Errors
/// `NotFound`, or `Conflict` where it is open, was taken back or has written nothing.
pub async fn lock_revertible(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
) -> Result<RevertibleImport> {
    let found = sqlx::query!(
        r#"select kind as "kind: Kind", state as "state: State", repeats_id, started_at,
             finished_at, settled_at, merged_through, rows_imported
           from imports where company_id = $1 and id = $2 for no key update"#,
        company.0,
        id.0,
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::NotFound("import"))?;
    let refuse = |reason: &str| Err(Error::conflict(NOT_REVERTIBLE, reason));
    match found.state {
        State::Succeeded => {}
        State::Failed | State::Cancelled if found.settled_at.is_some() => {}
        State::Failed | State::Cancelled if found.merged_through == 0 => {
            if !has_created(&mut *conn, company, id).await? {
                return refuse("the import has written nothing");
            }
        }
        State::Reverted => return refuse("the import was taken back already"),
        _ => return refuse("the import hasn't ended; cancel it first"),
    }
    if found.repeats_id.is_some() {
        return refuse("the import repeats an earlier one and has written nothing");
    }
    let ended = found.finished_at.unwrap_or_default();
    Ok(RevertibleImport {
        id,
        kind: found.kind,
        rows_imported: found.rows_imported,
        ids: IdRange::of_import(found.started_at.unwrap_or(ended), ended),
    })
}

/// Whether an import that merged no row has created what its rows name.
async fn has_created(conn: &mut PgConnection, company: CompanyId, id: ImportId) -> Result<bool> {
    let has_products = sqlx::query_scalar!(
        r#"select exists (
             select from products where company_id = $1 and import_id = $2) as "exists!""#,
        company.0,
        id.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    Ok(has_products || !count_references(conn, company, id).await?.is_empty())
}

/// Whether another import of the company writes, and has looked up what this one has created.
pub async fn is_another_loading(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
) -> Result<bool> {
    let is_loading = sqlx::query_scalar!(
        r#"select exists (
             select from imports
             where company_id = $1 and id <> $2 and state = 'loading') as "exists!""#,
        company.0,
        id.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(is_loading)
}

/// Fails with `Conflict` where a later import stands on this one.
pub async fn require_no_obstacle(
    conn: &mut PgConnection,
    company: CompanyId,
    import: RevertibleImport,
) -> Result<()> {
    let obstacles = list_obstacles(conn, company, import).await?;
    let Some(latest) = obstacles.first() else {
        return Ok(());
    };
    let message = format!(
        "the import {} (\"{}\") changed {} of its lines later; take that one back first",
        latest.id, latest.file_name, latest.rows
    );
    Err(Error::conflict(NOT_REVERTIBLE, message))
}

/// Fails with `Conflict` where `undoing` lines undo no sale any more: their stock would stay
/// without the sale.
pub async fn require_no_orphan(
    conn: &mut PgConnection,
    company: CompanyId,
    undoing: &[Uuid],
) -> Result<()> {
    match count_orphans(conn, company, undoing).await? {
        0 => Ok(()),
        orphans => Err(Error::conflict(
            NOT_REVERTIBLE,
            format!(
                "sales of the import came back later (returns: {orphans}); take the returns back \
                 first"
            ),
        )),
    }
}

/// Deletes the facts that the import added and restores those that it changed. Returns what the
/// caller then settles.
pub async fn revert_facts(
    conn: &mut PgConnection,
    company: CompanyId,
    import: RevertibleImport,
) -> Result<Settlement> {
    let mut settlement = Settlement::default();
    restore_sales(&mut *conn, company, import.id, &mut settlement).await?;
    let rows = delete_facts(&mut *conn, company, import.id, import.ids, &mut settlement).await?;
    if import.kind != Kind::Products && rows < import.rows_imported {
        // A worker's clock was beyond the tolerance: the others are found by reading all facts.
        delete_facts(conn, company, import.id, IdRange::ALL, &mut settlement).await?;
    }
    settlement.products.sort_unstable();
    settlement.products.dedup();
    Ok(settlement)
}

/// Deletes the facts of the import whose ids are in a range, and returns their number. Sales that
/// nothing undoes change no netting.
async fn delete_facts(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    ids: IdRange,
    settlement: &mut Settlement,
) -> Result<i64> {
    let deleted = sqlx::query!(
        r#"with gone as (
             delete from sales
             where company_id = $1 and id >= $3 and id < $4 and import_id = $2
             returning product_id,
               case when kind in ('cancellation', 'return') or netted_quantity <> 0
                 then customer_id end as customer_id,
               size, sold_at
           ),
           uncounted as (
             delete from stock_movements
             where company_id = $1 and id >= $3 and id < $4 and import_id = $2
             returning product_id, null::uuid, 0::bigint, at
           )
           select product_id as "product_id!", customer_id,
             case when customer_id is not null then size end as size, min(sold_at) as "since!",
             max(sold_at) as "until!", count(*) as "rows!"
           from (select * from gone union all select * from uncounted) facts
           group by 1, 2, 3"#,
        company.0,
        import.0,
        ids.first,
        ids.last,
    )
    .fetch_all(conn)
    .await?;
    settlement
        .products
        .extend(deleted.iter().map(|row| row.product_id));
    settlement.stacks.extend(deleted.iter().filter_map(|row| {
        Some(StackChange {
            product_id: row.product_id,
            customer_id: row.customer_id?,
            size: row.size?,
            since: row.since,
            until: row.until,
            lines: row.rows,
        })
    }));
    Ok(deleted.iter().map(|row| row.rows).sum())
}

/// Restores the sales that the import changed; what they were and are is to be settled. A sale that
/// was cancelled meanwhile stays cancelled.
async fn restore_sales(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    settlement: &mut Settlement,
) -> Result<()> {
    let concerned = sqlx::query!(
        r#"with changed as (
             select s.id, s.product_id as current_product, s.customer_id as current_customer,
               s.size as current_size, s.sold_at as current_sold_at, s.cancelled_at, was.*
             from import_changes c
             join sales s on s.company_id = $1 and s.id = c.row_id
             cross join lateral jsonb_to_record(c.previous) as was (
               product_id uuid, customer_id uuid, site_id uuid, quantity numeric,
               unit_price numeric, amount numeric, currency text, sold_at timestamptz, day date,
               kind text, status text, document text, import_id uuid)
             where c.company_id = $1 and c.import_id = $2 and c.previous ? 'sold_at'
           ),
           restored as (
             update sales s
             set product_id = w.product_id, customer_id = w.customer_id, site_id = w.site_id,
               quantity = w.quantity, unit_price = w.unit_price, amount = w.amount,
               currency = w.currency, sold_at = w.sold_at, day = w.day, kind = w.kind,
               status = case when w.cancelled_at is null then w.status else s.status end,
               document = w.document, import_id = w.import_id, netted_quantity = 0
             from changed w
             where s.company_id = $1 and s.id = w.id
             returning w.current_product, w.current_customer, w.current_size, w.current_sold_at,
               w.product_id, w.customer_id, s.size, w.sold_at
           )
           select product_id as "product_id!", customer_id, size as "size!", min(at) as "since!",
             max(at) as "until!", count(*) as "lines!"
           from (
             select current_product, current_customer, current_size, current_sold_at from restored
             union all select product_id, customer_id, size, sold_at from restored
           ) lines (product_id, customer_id, size, at)
           group by product_id, customer_id, size"#,
        company.0,
        import.0,
    )
    .fetch_all(conn)
    .await?;
    settlement
        .products
        .extend(concerned.iter().map(|row| row.product_id));
    settlement.stacks.extend(concerned.iter().filter_map(|row| {
        Some(StackChange {
            product_id: row.product_id,
            customer_id: row.customer_id?,
            size: row.size,
            since: row.since,
            until: row.until,
            lines: row.lines,
        })
    }));
    Ok(())
}

/// Restores the products that the import changed, and deletes those that it created and that
/// nothing uses; archives the customers, categories, suppliers and sites that it created likewise.
/// Expects levels without the facts of the import. Records that the import was taken back.
pub async fn revert_products(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<()> {
    restore_products(&mut *conn, company, import).await?;
    sqlx::query!(
        "delete from products p
         where p.company_id = $1 and p.import_id = $2 and p.version = 1
           and not exists (
             select from sales s where s.company_id = $1 and s.product_id = p.id)
           and not exists (
             select from stock_movements m where m.company_id = $1 and m.product_id = p.id)
           and not exists (
             select from prediction_items i where i.company_id = $1 and i.product_id = p.id)
           and not exists (
             select from alert_items a where a.company_id = $1 and a.product_id = p.id)
           -- A sale that becomes what it was, once the import that changed it is taken back.
           and not exists (
             select from import_changes c
             where c.company_id = $1 and c.import_id <> $2
               and c.previous ->> 'product_id' = p.id::text)",
        company.0,
        import.0,
    )
    .execute(&mut *conn)
    .await?;
    archive_unused_references(&mut *conn, company, import).await?;
    sqlx::query!(
        "with unplaced as (
           delete from import_corrections where company_id = $1 and import_id = $2)
         delete from import_changes where company_id = $1 and import_id = $2",
        company.0,
        import.0,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update imports set state = 'reverted', reverted_at = engine_now()
         where company_id = $1 and id = $2",
        company.0,
        import.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn restore_products(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<()> {
    product_statement!(query!(
        "update products p
         set (version, updated_at, import_id, category_id, supplier_id, " COLUMNS ") = (
           select p.version + 1, engine_now(), import_id, category_id, supplier_id, " COLUMNS "
           from (select (jsonb_populate_record(p, c.previous)).*) as columns)
         from import_changes c
         where c.company_id = $1 and c.import_id = $2 and not c.previous ? 'sold_at'
           and p.company_id = $1 and p.id = c.row_id
           and p.version = (c.previous ->> 'version')::integer + 1",
        company.0,
        import.0,
    ))
    .execute(conn)
    .await?;
    Ok(())
}
