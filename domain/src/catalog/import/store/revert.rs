//! Takes an import back: deletes what it added and restores what it changed.
//!
//! The ids of facts are made while their file is staged and begin with that time, so that the rows
//! of an import are found by a range of the primary key. No index over imports is needed.

use chrono::{DateTime, Duration, Utc};
use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use crate::catalog::import::kind::Kind;
use crate::catalog::import::lifecycle::{ImportId, State};
use crate::catalog::import::revert::{LaterImport, NOT_REVERTIBLE, RevertEffect};
use crate::catalog::store::product_columns::product_statement;
use crate::{Error, Result};

/// How far the clock of the worker that made the ids may have been from that of the database.
const CLOCK_TOLERANCE: Duration = Duration::hours(24);
/// Later imports that are named.
const MAX_NAMED: i64 = 20;

/// An import that can be taken back, with the ids that its rows may have.
#[derive(Debug, Clone, Copy)]
pub struct RevertibleImport {
    pub id: ImportId,
    pub kind: Kind,
    rows_imported: i64,
    first_id: Uuid,
    last_id: Uuid,
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
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("import"))?;
    let refuse = |reason: &str| Err(Error::conflict(NOT_REVERTIBLE, reason));
    match found.state {
        State::Succeeded => {}
        State::Failed | State::Cancelled if found.settled_at.is_some() => {}
        State::Failed | State::Cancelled if found.merged_through == 0 => {
            return refuse("the import has written nothing");
        }
        State::Reverted => return refuse("the import was taken back already"),
        _ => return refuse("the import hasn't ended; cancel it first"),
    }
    if found.repeats_id.is_some() {
        return refuse("the import repeats an earlier one and has written nothing");
    }
    let ended = found.finished_at.unwrap_or_default();
    let first = found.started_at.unwrap_or(ended) - CLOCK_TOLERANCE;
    Ok(RevertibleImport {
        id,
        kind: found.kind,
        rows_imported: found.rows_imported,
        first_id: first_id_at(first),
        last_id: first_id_at(ended + CLOCK_TOLERANCE),
    })
}

/// Returns the smallest id of this millisecond (RFC 9562, version 7).
fn first_id_at(at: DateTime<Utc>) -> Uuid {
    let millis = u128::try_from(at.timestamp_millis()).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}

/// Returns what [`revert_facts`] and [`revert_products`] would do.
pub async fn preview_revert(
    conn: &mut PgConnection,
    company: CompanyId,
    import: RevertibleImport,
) -> Result<RevertEffect> {
    let found = sqlx::query!(
        r#"select
             (select count(*) from sales s
              where s.company_id = $1 and s.id >= $3 and s.id < $4 and s.import_id = $2
                and not exists (
                  select from import_changes c
                  where c.company_id = $1 and c.import_id = $2 and c.row_id = s.id))
               as "sales_deleted!",
             (select count(*) from import_changes
              where company_id = $1 and import_id = $2 and previous ? 'sold_at')
               as "sales_restored!",
             (select count(*) from stock_movements m
              where m.company_id = $1 and m.id >= $3 and m.id < $4 and m.import_id = $2)
               as "counts_deleted!",
             (select count(*) from import_changes c
              join products p on p.company_id = $1 and p.id = c.row_id
                and p.version = (c.previous ->> 'version')::integer + 1
              where c.company_id = $1 and c.import_id = $2 and not c.previous ? 'sold_at')
               as "products_restored!",
             (select count(*) from products p
              where p.company_id = $1 and p.import_id = $2 and p.version = 1)
               as "products_deleted!""#,
        company.0,
        import.id.0,
        import.first_id,
        import.last_id,
    )
    .fetch_one(&mut *conn)
    .await?;
    Ok(RevertEffect {
        sales_deleted: found.sales_deleted,
        sales_restored: found.sales_restored,
        counts_deleted: found.counts_deleted,
        products_restored: found.products_restored,
        products_deleted: found.products_deleted,
        obstacles: list_obstacles(&mut *conn, company, import).await?,
        confirmed_by: list_confirmations(conn, company, import).await?,
    })
}

/// Returns the later imports that changed sale lines which this one had written.
async fn list_obstacles(
    conn: &mut PgConnection,
    company: CompanyId,
    import: RevertibleImport,
) -> Result<Vec<LaterImport>> {
    let later = sqlx::query_as!(
        LaterImport,
        r#"select i.id as "id: ImportId", i.file_name, count(*) as "rows!"
           from import_changes c join imports i on i.company_id = $1 and i.id = c.import_id
           where c.company_id = $1 and c.previous ->> 'import_id' = $2::uuid::text
             and c.import_id <> $2 and c.previous ? 'sold_at'
           group by i.id order by i.created_at desc limit $3"#,
        company.0,
        import.id.0,
        MAX_NAMED,
    )
    .fetch_all(conn)
    .await?;
    Ok(later)
}

async fn list_confirmations(
    conn: &mut PgConnection,
    company: CompanyId,
    import: RevertibleImport,
) -> Result<Vec<LaterImport>> {
    let later = sqlx::query_as!(
        LaterImport,
        r#"select i.id as "id: ImportId", i.file_name, i.rows_unchanged as "rows!"
           from imports i
           join imports this on this.company_id = $1 and this.id = $2
           where i.company_id = $1 and i.kind = this.kind and i.created_at > this.created_at
             and i.state = 'succeeded' and i.rows_unchanged > 0
           order by i.created_at desc limit $3"#,
        company.0,
        import.id.0,
        MAX_NAMED,
    )
    .fetch_all(conn)
    .await?;
    Ok(later)
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

/// Deletes the facts that the import added and restores those that it changed. Returns the products
/// that they concern, whose levels and netting the caller recomputes.
pub async fn revert_facts(
    conn: &mut PgConnection,
    company: CompanyId,
    import: RevertibleImport,
) -> Result<Vec<Uuid>> {
    let mut products = restore_sales(&mut *conn, company, import.id).await?;
    let made_between = (import.first_id, import.last_id);
    let rows = delete_facts(&mut *conn, company, import.id, made_between, &mut products).await?;
    if import.kind != Kind::Products && rows < import.rows_imported {
        // A worker's clock was beyond the tolerance: the others are found by reading all facts.
        let any_time = (Uuid::nil(), Uuid::max());
        delete_facts(conn, company, import.id, any_time, &mut products).await?;
    }
    products.sort_unstable();
    products.dedup();
    Ok(products)
}

/// Deletes the facts of the import whose ids are in a range, and returns their number.
async fn delete_facts(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    (first_id, last_id): (Uuid, Uuid),
    products: &mut Vec<Uuid>,
) -> Result<i64> {
    let deleted = sqlx::query!(
        r#"with gone as (
             delete from sales
             where company_id = $1 and id >= $3 and id < $4 and import_id = $2
             returning product_id
           ),
           uncounted as (
             delete from stock_movements
             where company_id = $1 and id >= $3 and id < $4 and import_id = $2
             returning product_id
           )
           select product_id as "id!", count(*) as "rows!"
           from (select product_id from gone union all select product_id from uncounted) facts
           group by product_id"#,
        company.0,
        import.0,
        first_id,
        last_id,
    )
    .fetch_all(conn)
    .await?;
    products.extend(deleted.iter().map(|row| row.id));
    Ok(deleted.iter().map(|row| row.rows).sum())
}

/// Returns the products of the sales as they were and as they are. A sale that was cancelled
/// meanwhile stays cancelled.
async fn restore_sales(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<Vec<Uuid>> {
    let concerned = sqlx::query!(
        r#"with changed as (
             select s.id, s.product_id as current_product, s.cancelled_at, was.*
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
             returning w.current_product, w.product_id
           )
           select distinct current_product as "current!", product_id as "previous!"
           from restored"#,
        company.0,
        import.0,
    )
    .fetch_all(conn)
    .await?;
    let products = concerned.into_iter();
    Ok(products
        .flat_map(|row| [row.current, row.previous])
        .collect())
}

/// Restores the products that the import changed, and deletes those that it created and that
/// nothing uses. Expects levels without the facts of the import. Records that the import was taken
/// back.
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
    sqlx::query!(
        "delete from import_changes where company_id = $1 and import_id = $2",
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
