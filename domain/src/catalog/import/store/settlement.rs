//! What remains to be computed of the facts that an import has written. The levels include its new
//! sales already; netting, counts and corrected sales do not.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::id_range::IdRange;
use crate::Result;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};
use crate::catalog::{StackChange, list_undoing_lines};

/// Up to this number of lines, each looks for a line that undoes it; more are joined with all such
/// lines of the company.
const MAX_LOOK_UPS: i64 = 20_000;

/// What to compute again.
#[derive(Debug, Clone, Default)]
pub struct Settlement {
    /// The stacks where the facts can change the netting.
    pub stacks: Vec<StackChange>,
    /// The products whose levels are computed from the facts.
    pub products: Vec<Uuid>,
}

impl Settlement {
    /// Lists the returns among the stacks' products that undo a sale.
    pub async fn list_undoing_lines(
        &self,
        conn: &mut PgConnection,
        company: CompanyId,
    ) -> Result<Vec<Uuid>> {
        let products: BTreeSet<Uuid> = self.stacks.iter().map(|stack| stack.product_id).collect();
        list_undoing_lines(conn, company, &Vec::from_iter(products)).await
    }
}

/// Finds what is to be settled of an import by what it has written, whether or not its staging is
/// left.
pub async fn find_settlement(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<Settlement> {
    let work = load_extent(&mut *conn, company, import).await?;
    join_by_hash(&mut *conn).await?;
    let by_hash = work.rows_imported + work.rows_updated > MAX_LOOK_UPS;
    let ids = IdRange::of_import(work.began_at, work.ended_at);
    let (found, mut stacks) = find_stacks(&mut *conn, company, import, ids, by_hash).await?;
    let mut products = find_products(&mut *conn, company, import, ids).await?;
    if found < work.rows_imported {
        // A worker's clock was beyond the tolerance: the others are found by reading all facts.
        let all = IdRange::ALL;
        (_, stacks) = find_stacks(&mut *conn, company, import, all, by_hash).await?;
        products = find_products(&mut *conn, company, import, all).await?;
    }
    joins_as_usual(conn).await?;
    Ok(Settlement { stacks, products })
}

struct Extent {
    began_at: DateTime<Utc>,
    ended_at: DateTime<Utc>,
    rows_imported: i64,
    rows_updated: i64,
}

async fn load_extent(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<Extent> {
    let extent = sqlx::query_as!(
        Extent,
        r#"select coalesce(started_at, created_at) as "began_at!",
             coalesce(finished_at, engine_now()) as "ended_at!", rows_imported, rows_updated
           from imports where company_id = $1 and id = $2"#,
        company.0,
        import.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(extent)
}

/// Returns the number of facts that the import added, and the stacks.
async fn find_stacks(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    ids: IdRange,
    by_hash: bool,
) -> Result<(i64, Vec<StackChange>)> {
    let rows = sqlx::query_file!(
        "src/catalog/import/store/settled_stacks.sql",
        company.0,
        import.0,
        ids.first,
        ids.last,
        by_hash,
    )
    .fetch_all(conn)
    .await?;
    let found = rows.first().map_or(0, |row| row.found);
    let stacks = rows.into_iter().filter_map(|row| {
        Some(StackChange {
            product_id: row.product_id?,
            customer_id: row.customer_id?,
            size: row.size?,
            since: row.since?,
            until: row.until?,
            lines: row.lines?,
        })
    });
    Ok((found, stacks.collect()))
}

/// Returns the products that were counted, and those of sales that the import changed.
async fn find_products(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    ids: IdRange,
) -> Result<Vec<Uuid>> {
    let products = sqlx::query_scalar!(
        r#"with changed as materialized (
             select row_id, (previous ->> 'product_id')::uuid as product_id from import_changes
             where company_id = $1 and import_id = $2 and previous ? 'sold_at'
           )
           select product_id as "id!" from changed
           union
           select s.product_id from sales s
           where s.company_id = $1 and s.id in (select row_id from changed)
           union
           select product_id from stock_movements
           where company_id = $1 and id >= $3 and id < $4 and import_id = $2"#,
        company.0,
        import.0,
        ids.first,
        ids.last,
    )
    .fetch_all(conn)
    .await?;
    Ok(products)
}

/// Returns how many products the staged rows of an import concern.
pub async fn count_staged_products(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<u64> {
    join_by_hash(&mut *conn).await?;
    let products = sqlx::query_scalar!(
        r#"select count(*) as "count!" from products p
           where p.company_id = $1 and p.sku_key in (
             select sku_key from staging.sale_lines where import_id = $2
             union all select sku_key from staging.count_lines where import_id = $2)"#,
        company.0,
        import.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    joins_as_usual(conn).await?;
    Ok(products.unsigned_abs())
}
