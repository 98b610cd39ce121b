//! What must be looked at once rows are in the catalog: the products they concern, and the lines
//! that a file left out.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::Result;
use crate::catalog::import::lifecycle::{ImportId, Warning, WarningCode};
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

/// Adds the warnings that only a merged sales file reveals: recorded lines of its documents that it
/// leaves out, which stay because a file may be a part; and rows of an error file that lost their
/// occurrence and found it taken.
pub async fn record_line_warnings(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<()> {
    join_by_hash(&mut *conn).await?;
    let found = sqlx::query!(
        r#"select
             (select count(*) from sales s
              where s.company_id = $1 and s.source = 'import' and s.status <> 'cancelled'
                and s.import_id is distinct from $2
                and s.document in (
                  select l.document from staging.sale_lines l
                  where l.import_id = $2 and l.document is not null)
                and not exists (
                  select from staging.sale_lines l
                  where l.import_id = $2 and l.key = s.import_key)) as "missing!",
             (select count(*) from staging.sale_lines l
              where l.import_id = $2 and l.lost_occurrence and l.line > 0
                and exists (
                  select from sales s
                  where s.company_id = $1 and s.import_key = l.key
                    and s.import_id is distinct from $2)) as "taken!",
             (select (detected -> 'header') ? 'import_occurrence' from imports
              where company_id = $1 and id = $2) as "is_error_file!""#,
        company.0,
        import.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    joins_as_usual(&mut *conn).await?;
    // An error file is a part by nature: the lines it leaves out need no warning.
    let missing = if found.is_error_file {
        0
    } else {
        found.missing
    };
    let warnings: Vec<Warning> = [
        Warning::of_rows(WarningCode::MissingLines, missing),
        Warning::of_rows(WarningCode::LinesTaken, found.taken),
    ]
    .into_iter()
    .flatten()
    .collect();
    if warnings.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update imports set warnings = warnings || $3 where company_id = $1 and id = $2",
        company.0,
        import.0,
        Json(&warnings) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}
