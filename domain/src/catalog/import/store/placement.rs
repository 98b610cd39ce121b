//! The places of staged lines beside the lines of other files. Lines with a document, an id or a
//! time have theirs by themselves.

use platform::ids::CompanyId;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::issues::{WarnedLines, warn_of_lines};
use super::merge::{Turn, take_admission_turn};
use super::same_day::find_recorded_days;
use crate::Result;
use crate::catalog::import::detect::{Detected, Question};
use crate::catalog::import::lifecycle::{ImportId, Warning, WarningCode};
use crate::catalog::import::options::SameDay;
use crate::catalog::import::rows::MAX_WARNED_LINES;
use crate::catalog::import::same_day::ask_about_days;
use crate::identity::Language;

/// What comes of the attempt to place lines.
#[derive(Debug)]
pub enum Placement {
    /// All lines have their places.
    Placed,
    /// Another import of the company merges lines beside which these have to be placed.
    Waits,
    /// People must say what the file is beside others.
    Asks(Question),
}

/// Places the lines of a staged file, once. Imports that place lines are admitted one after the
/// other: the caller admits this one in the same transaction.
pub async fn place_lines(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    same_day: Option<SameDay>,
    (detected, language): (&Detected, Language),
) -> Result<Placement> {
    let found = sqlx::query!(
        r#"select placed_at is not null as "is_placed!", admitted_at is not null as "is_admitted!",
             exists (select from staging.sale_lines
                     where import_id = $2 and by_day) as "has_days!",
             exists (select from staging.sale_lines
                     where import_id = $2 and corrects is not null) as "has_corrections!"
           from imports where company_id = $1 and id = $2"#,
        company.0,
        import.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    if found.is_placed || !(found.has_days || found.has_corrections) {
        return Ok(Placement::Placed);
    }
    if take_admission_turn(&mut *conn, company).await? == Turn::Busy
        || is_another_merging(&mut *conn, company, import).await?
    {
        return Ok(Placement::Waits);
    }
    if found.has_days && same_day.is_none() && !found.is_admitted {
        let days = find_recorded_days(&mut *conn, company, import).await?;
        if let Some(question) = ask_about_days(&days, detected, language) {
            return Ok(Placement::Asks(question));
        }
    }
    if found.has_corrections || same_day == Some(SameDay::Add) {
        fill_places(&mut *conn, company, import, same_day, language).await?;
    }
    sqlx::query!(
        "update imports set placed_at = engine_now() where company_id = $1 and id = $2",
        company.0,
        import.0,
    )
    .execute(conn)
    .await?;
    Ok(Placement::Placed)
}

/// Whether another import of sales has been admitted and hasn't ended.
async fn is_another_merging(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<bool> {
    let is_merging = sqlx::query_scalar!(
        r#"select exists (
             select from imports
             where company_id = $1 and id <> $2 and kind = 'sales' and state = 'loading'
               and admitted_at is not null) as "exists!""#,
        company.0,
        import.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(is_merging)
}

/// Assigns further lines the first free places of their identity; warns of corrected rows that
/// equal a sale of another file.
async fn fill_places(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    same_day: Option<SameDay>,
    language: Language,
) -> Result<()> {
    let mut lines = sqlx::query_file_scalar!(
        "src/catalog/import/store/place_lines.sql",
        company.0,
        import.0,
        same_day == Some(SameDay::Add),
    )
    .fetch_all(&mut *conn)
    .await?;
    let rows = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    lines.truncate(usize::try_from(MAX_WARNED_LINES).unwrap_or(usize::MAX));
    let code = WarningCode::FurtherLines;
    let warned = WarnedLines { code, rows, lines };
    let warning = warn_of_lines(&mut *conn, company, import, language, warned).await?;
    add_warnings(conn, company, import, &Vec::from_iter(warning)).await
}

/// Adds warnings to those of the import.
pub(super) async fn add_warnings(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    warnings: &[Warning],
) -> Result<()> {
    if warnings.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update imports set warnings = warnings || $3 where company_id = $1 and id = $2",
        company.0,
        import.0,
        Json(warnings) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}
