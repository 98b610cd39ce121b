//! How an import's state moves while its job works. Each function is one step of a transaction that the job
//! commits with its fence.

use platform::ids::CompanyId;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::catalog::import::lifecycle::{Counts, ImportId, Warning};
use crate::catalog::import::{Detected, Question, Refusal};
use crate::{Error, Result};

/// # Errors
/// The database's.
pub async fn start_checking(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
) -> Result<()> {
    sqlx::query!(
        "update imports set state = 'checking', started_at = coalesce(started_at, engine_now())
         where company_id = $1 and id = $2",
        company.0,
        id.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The import waits for answers.
///
/// # Errors
/// `Conflict` where it is over.
pub async fn ask(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    detected: &Detected,
    questions: &[Question],
) -> Result<()> {
    let done = sqlx::query!(
        "update imports set state = 'needs_input', detected = $3, questions = $4
         where company_id = $1 and id = $2 and state not in ('succeeded', 'failed', 'cancelled')",
        company.0,
        id.0,
        Json(detected) as _,
        Json(questions) as _,
    )
    .execute(conn)
    .await?;
    still_open(done.rows_affected())
}

/// # Errors
/// `Conflict` where it is over.
pub async fn start_loading(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    detected: &Detected,
) -> Result<()> {
    let done = sqlx::query!(
        "update imports set state = 'loading', detected = $3
         where company_id = $1 and id = $2 and state not in ('succeeded', 'failed', 'cancelled')",
        company.0,
        id.0,
        Json(detected) as _,
    )
    .execute(conn)
    .await?;
    still_open(done.rows_affected())
}

/// The import ends without success.
///
/// # Errors
/// `Conflict` where it is over.
pub async fn fail(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    why: &Refusal,
) -> Result<()> {
    let done = sqlx::query!(
        "update imports set state = 'failed', error_code = $3, error_message = $4, finished_at = engine_now()
         where company_id = $1 and id = $2 and state not in ('succeeded', 'failed', 'cancelled')",
        company.0,
        id.0,
        why.code,
        why.message,
    )
    .execute(conn)
    .await?;
    still_open(done.rows_affected())
}

/// The import ends well.
///
/// # Errors
/// The database's.
pub async fn succeed(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    counts: &Counts,
) -> Result<()> {
    let done = sqlx::query!(
        "update imports set state = 'succeeded', totals = $3, finished_at = engine_now()
         where company_id = $1 and id = $2 and state = 'loading'",
        company.0,
        id.0,
        Json(counts) as _,
    )
    .execute(conn)
    .await?;
    still_open(done.rows_affected())
}

/// Where the latest finished import of this kind had the same file and options and took every row, this one
/// ends well with every row unchanged. Answers whether it did.
///
/// # Errors
/// The database's.
pub async fn succeed_as_repeat(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
) -> Result<bool> {
    let done = sqlx::query!(
        "with latest as (
           select * from imports
           where company_id = $1 and kind = (select kind from imports where company_id = $1 and id = $2)
             and state = 'succeeded' and repeats_id is null
           order by finished_at desc limit 1
         )
         update imports i set state = 'succeeded', repeats_id = l.id, detected = l.detected, totals = l.totals,
           warnings = l.warnings, rows_total = l.rows_total, rows_ignored = l.rows_ignored,
           rows_unchanged = l.rows_imported + l.rows_updated + l.rows_unchanged,
           started_at = coalesce(i.started_at, engine_now()), finished_at = engine_now()
         from latest l
         where i.company_id = $1 and i.id = $2 and l.file_sha256 = i.file_sha256 and l.options = i.options
           and l.rows_rejected = 0",
        company.0,
        id.0,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What the import had committed before it ended is taken in.
///
/// # Errors
/// The database's.
pub async fn record_settled(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
) -> Result<()> {
    sqlx::query!(
        "update imports set settled_at = engine_now() where company_id = $1 and id = $2",
        company.0,
        id.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds what one range of lines came to.
///
/// # Errors
/// The database's.
pub async fn record_merged(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    through: i64,
    merged: Merged,
) -> Result<()> {
    let done = sqlx::query!(
        "update imports set merged_through = $3, rows_imported = rows_imported + $4, rows_updated = rows_updated + $5,
           rows_unchanged = rows_unchanged + $6
         where company_id = $1 and id = $2 and state = 'loading'",
        company.0,
        id.0,
        through,
        merged.imported,
        merged.updated,
        merged.unchanged,
    )
    .execute(conn)
    .await?;
    still_open(done.rows_affected())
}

/// Keeps the counts of a file that is on its way.
///
/// # Errors
/// The database's.
pub async fn record_counts(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    counts: &Counts,
) -> Result<()> {
    sqlx::query!(
        "update imports set totals = $3 where company_id = $1 and id = $2",
        company.0,
        id.0,
        Json(counts) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Somebody may have cancelled the import meanwhile: then nothing more of it is written.
pub(super) fn still_open(rows: u64) -> Result<()> {
    if rows == 0 {
        Err(Error::conflict("import_over", "the import is over"))
    } else {
        Ok(())
    }
}

/// Rows by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Merged {
    pub imported: i64,
    pub updated: i64,
    pub unchanged: i64,
}

/// # Errors
/// The database's.
pub async fn record_warnings(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    warnings: &[Warning],
) -> Result<()> {
    sqlx::query!(
        "update imports set warnings = $3 where company_id = $1 and id = $2",
        company.0,
        id.0,
        Json(warnings) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}
