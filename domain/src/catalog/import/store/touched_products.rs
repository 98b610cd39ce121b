//! What is looked at once rows are in the catalog: the products they concern, and the lines that a file leaves out.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::import::lifecycle::{ImportId, Warning};
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};

/// The products whose sales or counts the import brought or changed.
///
/// # Errors
/// The database's.
pub async fn touched_products(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<Vec<Uuid>> {
    join_by_hash(&mut *conn).await?;
    let products = sqlx::query_scalar!(
        r#"select p.id from products p
           where p.company_id = $1 and p.sku_key in (
             select upper(btrim(sku)) from staging.sale_lines where import_id = $2
             union all select upper(btrim(sku)) from staging.count_lines where import_id = $2)
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

/// The same of an import that ended before its time, from the catalog itself: staging may be gone. Reads all of
/// the company's sales, as nothing indexes them by import.
///
/// # Errors
/// The database's.
pub async fn written_products(
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

/// Adds what only shows once a sales file is merged: lines of its documents that it doesn't hold (they stay, for a
/// file may be a part), and rows of an errors file that lost their number and found their place taken.
///
/// # Errors
/// The database's.
pub async fn warn_of_lines(
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
                and s.document in (select l.document from staging.sale_lines l
                                   where l.import_id = $2 and l.document is not null)
                and not exists (select from staging.sale_lines l where l.import_id = $2 and l.key = s.import_key))
               as "missing!",
             (select count(*) from staging.sale_lines l
              where l.import_id = $2 and l.fresh and l.line > 0
                and exists (select from sales s
                            where s.company_id = $1 and s.import_key = l.key and s.import_id is distinct from $2))
               as "taken!",
             (select (detected -> 'header') ? 'import_occurrence' from imports where company_id = $1 and id = $2)
               as "is_part!""#,
        company.0,
        import.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    joins_as_usual(&mut *conn).await?;
    let warning = |code: &str, rows| Warning {
        code: code.into(),
        rows: u64::try_from(rows).unwrap_or(0),
    };
    let missing = warning(
        "missing_lines",
        if found.is_part { 0 } else { found.missing },
    );
    let more: Vec<_> = [missing, warning("lines_taken", found.taken)]
        .into_iter()
        .filter(|warning| warning.rows > 0)
        .collect();
    if more.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update imports set warnings = warnings || $3 where company_id = $1 and id = $2",
        company.0,
        import.0,
        sqlx::types::Json(&more) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}
