//! Merges staged products into the catalog; an empty cell leaves what the catalog has.

use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::merge::MergedRows;
use crate::Result;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};

/// Merges all staged products into the catalog; of several rows of one code the last.
pub async fn merge_products(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<MergedRows> {
    join_by_hash(&mut *conn).await?;
    let superseded = delete_superseded(&mut *conn, import).await?;
    let updated = sqlx::query_file_scalar!(
        "src/catalog/import/store/update_products.sql",
        company.0,
        import.0
    )
    .fetch_one(&mut *conn)
    .await?;
    let staged = sqlx::query_scalar!(
        r#"select count(*) as "count!" from staging.product_lines where import_id = $1"#,
        import.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    let imported = sqlx::query_file!(
        "src/catalog/import/store/insert_products.sql",
        company.0,
        import.0,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    joins_as_usual(conn).await?;
    let imported = i64::try_from(imported).unwrap_or(i64::MAX);
    Ok(MergedRows {
        imported,
        updated,
        unchanged: staged - imported - updated + superseded,
    })
}

/// Deletes the rows whose code a later row has, and returns their number.
async fn delete_superseded(conn: &mut PgConnection, import: ImportId) -> Result<i64> {
    let deleted = sqlx::query!(
        "delete from staging.product_lines l using (
           select line,
             row_number() over (partition by upper(btrim(sku)) order by line desc) as place
           from staging.product_lines where import_id = $1
         ) n
         where l.import_id = $1 and l.line = n.line and n.place > 1",
        import.0,
    )
    .execute(conn)
    .await?;
    Ok(i64::try_from(deleted.rows_affected()).unwrap_or(i64::MAX))
}
