//! The end of staging: lines of one identity are distinguished by their order in the file.

use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::issues::{WarnedLines, warn_of_lines};
use crate::Result;
use crate::catalog::import::lifecycle::{ImportId, Warning, WarningCode};
use crate::catalog::import::options::{Duplicates, Options, SameDay};
use crate::catalog::import::rows::MAX_WARNED_LINES;
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};
use crate::identity::Language;

/// Numbers the lines of each key, rejected rows included, and records that the file is staged.
/// Returns what somebody should look at.
pub async fn number_rows(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    options: &Options,
    language: Language,
) -> Result<Vec<Warning>> {
    // Another company's error file, or another server's: its rows are of no import here.
    sqlx::query!(
        "update staging.sale_lines l set corrects = null, corrects_line = null
         where l.import_id = $1 and l.corrects is not null and not exists (
           select from imports o
           where o.company_id = $2 and o.id = l.corrects and o.kind = 'sales')",
        import.0,
        company.0,
    )
    .execute(&mut *conn)
    .await?;
    join_by_hash(&mut *conn).await?;
    let found = sqlx::query_file!(
        "src/catalog/import/store/number_rows.sql",
        import.0,
        company.0,
        options.duplicates == Duplicates::Drop,
        MAX_WARNED_LINES,
        options.same_day == Some(SameDay::Add),
    )
    .fetch_one(&mut *conn)
    .await?;
    joins_as_usual(&mut *conn).await?;
    sqlx::query!(
        "update imports set staged_at = engine_now() where company_id = $1 and id = $2",
        company.0,
        import.0
    )
    .execute(&mut *conn)
    .await?;
    let mut warnings = Vec::new();
    for warned in [
        WarnedLines {
            code: WarningCode::DuplicateLines,
            rows: found.duplicates,
            lines: found.duplicate_lines,
        },
        WarnedLines {
            code: WarningCode::DroppedLines,
            rows: found.dropped,
            lines: found.dropped_lines,
        },
        WarnedLines {
            code: WarningCode::SupersededLines,
            rows: found.superseded,
            lines: found.superseded_lines,
        },
    ] {
        warnings.extend(warn_of_lines(&mut *conn, company, import, language, warned).await?);
    }
    Ok(warnings)
}
