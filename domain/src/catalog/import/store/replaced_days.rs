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
    let rows = u64::try_from(found.rows).unwrap_or(0);
    let warning = (rows > 0).then(|| Warning {
        examples: found.examples,
        ..Warning::of_rows(WarningCode::ReplacedLines, rows, language)
    });
    add_warnings(conn, company, import, &Vec::from_iter(warning)).await
}
