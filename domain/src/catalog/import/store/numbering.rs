//! The end of staging: lines of one identity are distinguished by their order in the file.

use platform::ids::CompanyId;
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::import::lifecycle::{ImportId, Warning, WarningCode};
use crate::catalog::import::options::Duplicates;
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};

/// Numbers the lines of each key, rejected rows included, and records that the file is staged.
/// Returns what somebody should look at.
pub async fn number_rows(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    duplicates: Duplicates,
) -> Result<Vec<Warning>> {
    join_by_hash(&mut *conn).await?;
    let found = sqlx::query_file!(
        "src/catalog/import/store/number_rows.sql",
        import.0,
        company.0,
        duplicates == Duplicates::Drop,
    )
    .fetch_one(&mut *conn)
    .await?;
    joins_as_usual(&mut *conn).await?;
    sqlx::query!(
        "update imports set staged_at = engine_now() where company_id = $1 and id = $2",
        company.0,
        import.0
    )
    .execute(conn)
    .await?;
    let warnings = [
        Warning::of_rows(WarningCode::DuplicateLines, found.duplicates),
        Warning::of_rows(WarningCode::DroppedLines, found.dropped),
        Warning::of_rows(WarningCode::SupersededLines, found.superseded),
    ];
    Ok(warnings.into_iter().flatten().collect())
}
