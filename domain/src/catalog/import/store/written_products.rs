//! The products that an import concerns.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};

/// Returns the products whose sales or counts the import added or changed, by its staged rows.
pub async fn list_staged_products(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<Vec<Uuid>> {
    join_by_hash(&mut *conn).await?;
    let products = sqlx::query_scalar!(
        r#"select p.id from products p
           where p.company_id = $1 and p.sku_key in (
             select sku_key from staging.sale_lines where import_id = $2
             union all select sku_key from staging.count_lines where import_id = $2)
           union
           select (previous ->> 'product_id')::uuid as "id!" from import_changes
           where company_id = $1 and import_id = $2 and previous ? 'product_id'"#,
        company.0,
        import.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    joins_as_usual(conn).await?;
    Ok(products.into_iter().flatten().collect())
}

/// Returns the same products by the catalog itself, for an import that ended early and whose
/// staging may be gone. Reads all sales of the company, because nothing indexes them by import.
pub async fn list_written_products(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<Vec<Uuid>> {
    let products = sqlx::query_scalar!(
        r#"select product_id from sales where company_id = $1 and import_id = $2
           union select product_id from stock_movements where company_id = $1 and import_id = $2
           union
           select (previous ->> 'product_id')::uuid as "id!" from import_changes
           where company_id = $1 and import_id = $2 and previous ? 'product_id'"#,
        company.0,
        import.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(products.into_iter().flatten().collect())
}
