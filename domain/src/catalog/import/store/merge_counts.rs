//! The third pass for stock counts.

use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::transitions::Merged;
use crate::Result;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};

/// Brings the lines after `after` up to `through` into the ledger. Facts aren't changed: a key that is known
/// is the same count.
///
/// # Errors
/// The database's.
pub async fn merge_counts(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    (after, through): (i64, i64),
) -> Result<Merged> {
    join_by_hash(&mut *conn).await?;
    let staged = sqlx::query_scalar!(
        r#"select count(*) as "count!" from staging.count_lines where import_id = $1 and line > $2 and line <= $3"#,
        import.0,
        after,
        through,
    )
    .fetch_one(&mut *conn)
    .await?;
    let imported = sqlx::query!(
        "insert into stock_movements (company_id, id, at, created_at, product_id, site_id, kind, quantity, key, source,
           import_id)
         select $1, l.id, l.at, (select engine_now()), p.id, t.id, 'count', l.quantity, l.key, 'import', $2
         from staging.count_lines l
         join products p on p.company_id = $1 and p.sku_key = upper(btrim(l.sku))
         left join sites t on t.company_id = $1 and t.name_key = upper(btrim(l.site))
         where l.import_id = $2 and l.line > $3 and l.line <= $4
         order by l.line
         on conflict (company_id, key) do nothing",
        company.0,
        import.0,
        after,
        through,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    joins_as_usual(conn).await?;
    let imported = i64::try_from(imported).unwrap_or(i64::MAX);
    Ok(Merged {
        imported,
        updated: 0,
        unchanged: staged - imported,
    })
}
