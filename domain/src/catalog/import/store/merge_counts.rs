//! Merges staged stock counts into the ledger. Facts never change, so a known count is unchanged.

use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::merge::MergedRows;
use crate::Result;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};

/// Merges the lines after `after` up to `through` into the ledger.
pub async fn merge_counts(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    (after, through): (i64, i64),
) -> Result<MergedRows> {
    join_by_hash(&mut *conn).await?;
    let staged = sqlx::query_scalar!(
        r#"select count(*) as "count!" from staging.count_lines
           where import_id = $1 and line > $2 and line <= $3"#,
        import.0,
        after,
        through,
    )
    .fetch_one(&mut *conn)
    .await?;
    let imported = sqlx::query_file!(
        "src/catalog/import/store/insert_counts.sql",
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
    Ok(MergedRows {
        imported,
        updated: 0,
        unchanged: staged - imported,
    })
}
