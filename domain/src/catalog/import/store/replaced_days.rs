//! Days that a file replaces.

use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::placement::add_warnings;
use crate::Result;
use crate::catalog::import::lifecycle::{ImportId, Warning, WarningCode};
use crate::catalog::import::rows::MAX_NAMED_LINES;
use crate::identity::Language;

/// Cancels the recorded sales of the file's days that the file lacks, and names them in a warning.
/// Expects its lines to be merged.
pub async fn replace_days(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    language: Language,
) -> Result<()> {
    let found = sqlx::query_file!(
        "src/catalog/import/store/replaced_days.sql",
        company.0,
        import.0,
        i64::try_from(MAX_NAMED_LINES).unwrap_or(i64::MAX),
    )
    .fetch_one(&mut *conn)
    .await?;
    let warn = |code, rows: i64, examples| {
        (rows > 0).then(|| Warning {
            examples,
            ..Warning::of_rows(code, rows.unsigned_abs(), language)
        })
    };
    let warnings = [
        warn(WarningCode::ReplacedLines, found.rows, found.examples),
        warn(
            WarningCode::ReturnedLines,
            found.returned,
            found.returned_examples,
        ),
    ];
    let warnings: Vec<_> = warnings.into_iter().flatten().collect();
    add_warnings(conn, company, import, &warnings).await
}
