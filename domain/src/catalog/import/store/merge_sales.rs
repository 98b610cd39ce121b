//! Merges staged sales into the catalog: set by set, one range of lines at a time.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::merge::MergedRows;
use crate::Result;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::import::options::StockEffect;
use crate::catalog::store::levels::{FactIds, add_to_levels, lock_products};
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};

/// Merges the lines after `after` up to `through` into the sales: new keys are inserted, known ones
/// updated where anything differs.
pub async fn merge_sales(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    stock: StockEffect,
    (after, through): (i64, i64),
) -> Result<MergedRows> {
    join_by_hash(&mut *conn).await?;
    let staged = count_staged(&mut *conn, import, (after, through)).await?;
    let inserted = sqlx::query_file!(
        "src/catalog/import/store/insert_sales.sql",
        company.0,
        import.0,
        after,
        through,
        stock.as_rule(),
    )
    .execute(&mut *conn)
    .await?;
    let imported = i64::try_from(inserted.rows_affected()).unwrap_or(i64::MAX);
    // A first load has no known keys and spares the other statements.
    let updated = if imported == staged {
        0
    } else {
        let updated = sqlx::query_file_scalar!(
            "src/catalog/import/store/update_sales.sql",
            company.0,
            import.0,
            after,
            through,
        )
        .fetch_one(&mut *conn)
        .await?;
        require_all_merged(&mut *conn, company, import, (after, through), staged).await?;
        updated
    };
    joins_as_usual(conn).await?;
    Ok(MergedRows {
        imported,
        updated,
        unchanged: staged - imported - updated,
    })
}

/// Adds the sales that the merge of these lines has inserted to the levels, in its transaction. The
/// products are locked from here to its end, which is near.
pub async fn add_sales_to_levels(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    (after, through): (i64, i64),
) -> Result<()> {
    join_by_hash(&mut *conn).await?;
    let products = sqlx::query_scalar!(
        "select p.id from products p
         where p.company_id = $1 and p.sku_key in (
           select sku_key from staging.sale_lines
           where import_id = $2 and line > $3 and line <= $4)",
        company.0,
        import.0,
        after,
        through,
    )
    .fetch_all(&mut *conn)
    .await?;
    lock_products(&mut *conn, company, &products).await?;
    let sales = list_tracked_lines(&mut *conn, company, import, (after, through)).await?;
    joins_as_usual(&mut *conn).await?;
    if sales.is_empty() {
        return Ok(());
    }
    let written = FactIds {
        sales: &sales,
        movements: &[],
    };
    add_to_levels(conn, company, &products, written).await
}

/// Lists the staged lines whose products have a level.
async fn list_tracked_lines(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    (after, through): (i64, i64),
) -> Result<Vec<Uuid>> {
    let lines = sqlx::query_scalar!(
        "select l.id from staging.sale_lines l
         join products p on p.company_id = $1 and p.sku_key = l.sku_key
         where l.import_id = $2 and l.line > $3 and l.line <= $4
           and p.id in (select product_id from stock_levels where company_id = $1)",
        company.0,
        import.0,
        after,
        through,
    )
    .fetch_all(conn)
    .await?;
    Ok(lines)
}

async fn count_staged(
    conn: &mut PgConnection,
    import: ImportId,
    (after, through): (i64, i64),
) -> Result<i64> {
    let staged = sqlx::query_scalar!(
        r#"select count(*) as "count!" from staging.sale_lines
           where import_id = $1 and line > $2 and line <= $3"#,
        import.0,
        after,
        through,
    )
    .fetch_one(conn)
    .await?;
    Ok(staged)
}

/// Fails unless every staged line has its sale now: a line without a product would be lost.
async fn require_all_merged(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    (after, through): (i64, i64),
    staged: i64,
) -> Result<()> {
    let merged = sqlx::query_scalar!(
        r#"select count(*) as "count!" from staging.sale_lines l
           where l.import_id = $2 and l.line > $3 and l.line <= $4
             and (
               select s.id from sales s where s.company_id = $1 and s.import_key = l.key
             ) is not null"#,
        company.0,
        import.0,
        after,
        through,
    )
    .fetch_one(conn)
    .await?;
    if merged == staged {
        return Ok(());
    }
    let lost = staged - merged;
    Err(sqlx::Error::Protocol(format!("{lost} staged rows found no product")).into())
}
