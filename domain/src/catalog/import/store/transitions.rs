//! The transitions of an import's state while its job runs. Each function is one step of a
//! transaction that the job commits under its fence. An import that somebody cancelled meanwhile
//! makes the step fail with `Conflict`; then nothing more of it may be written.

use platform::ids::CompanyId;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::merge::MergedRows;
use crate::catalog::import::detect::{Detected, Question};
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::lifecycle::{HAS_ENDED, ImportId, ImportTotals, Warning};
use crate::identity::Language;
use crate::{Error, Result};

/// Requires the lock of `load_work` in the same transaction, which keeps the import open.
pub async fn start_checking(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
) -> Result<()> {
    sqlx::query!(
        "update imports
         set state = 'checking', started_at = coalesce(started_at, engine_now())
         where company_id = $1 and id = $2",
        company.0,
        id.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Records the questions; the import waits for input.
///
/// # Errors
/// `Conflict` where the import has ended.
pub async fn record_questions(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    detected: &Detected,
    questions: &[Question],
) -> Result<()> {
    let done = sqlx::query!(
        "update imports set state = 'needs_input', detected = $3, questions = $4
         where company_id = $1 and id = $2
           and state not in ('succeeded', 'failed', 'cancelled', 'reverted')",
        company.0,
        id.0,
        Json(detected) as _,
        Json(questions) as _,
    )
    .execute(conn)
    .await?;
    require_open(done.rows_affected())
}

/// # Errors
/// `Conflict` where the import has ended.
pub async fn start_loading(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    detected: &Detected,
) -> Result<()> {
    let done = sqlx::query!(
        "update imports set state = 'loading', detected = $3
         where company_id = $1 and id = $2
           and state not in ('succeeded', 'failed', 'cancelled', 'reverted')",
        company.0,
        id.0,
        Json(detected) as _,
    )
    .execute(conn)
    .await?;
    require_open(done.rows_affected())
}

/// Ends the import without success.
///
/// # Errors
/// `Conflict` where the import has ended.
pub async fn fail_import(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    cause: &FileError,
) -> Result<()> {
    let language = sqlx::query_scalar!(
        r#"select language as "language: Language" from companies where id = $1"#,
        company.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    let done = sqlx::query!(
        "update imports
         set state = 'failed', error_code = $3, error_message = $4, finished_at = engine_now()
         where company_id = $1 and id = $2
           and state not in ('succeeded', 'failed', 'cancelled', 'reverted')",
        company.0,
        id.0,
        cause.code,
        cause.reason.render(language),
    )
    .execute(conn)
    .await?;
    require_open(done.rows_affected())
}

/// Ends the import with success.
///
/// # Errors
/// `Conflict` where the import isn't loading.
pub async fn complete_import(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    totals: &ImportTotals,
) -> Result<()> {
    let done = sqlx::query!(
        "update imports set state = 'succeeded', totals = $3, finished_at = engine_now()
         where company_id = $1 and id = $2 and state = 'loading'",
        company.0,
        id.0,
        Json(totals) as _,
    )
    .execute(conn)
    .await?;
    require_open(done.rows_affected())
}

/// Ends the import with success and every row unchanged, where the latest successful import of its
/// kind had the same file and options and no row error. Returns whether it did. A file of counts is
/// never a repeat: what it counts without a date is counted now.
pub async fn complete_repeated_import(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
) -> Result<bool> {
    let done = sqlx::query!(
        "with latest as (
           select * from imports
           where company_id = $1
             and kind = (select kind from imports where company_id = $1 and id = $2)
             and state = 'succeeded' and repeats_id is null
           order by finished_at desc limit 1
         )
         update imports i set state = 'succeeded', repeats_id = l.id, detected = l.detected,
           totals = l.totals, warnings = l.warnings, rows_total = l.rows_total,
           rows_ignored = l.rows_ignored,
           rows_unchanged = l.rows_imported + l.rows_updated + l.rows_unchanged,
           started_at = coalesce(i.started_at, engine_now()), finished_at = engine_now()
         from latest l
         where i.company_id = $1 and i.id = $2 and l.file_sha256 = i.file_sha256
           and l.options = i.options and l.rows_rejected = 0
           and i.kind <> 'stock_counts'
           -- What a batch had recorded before the file, its taking back has deleted.
           and not exists (
             select from fact_batches b
             where b.company_id = $1 and b.reverted_at > l.finished_at)",
        company.0,
        id.0,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Records that levels and netting include what an ended import had committed.
pub async fn record_settlement(
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

/// Adds the merged rows of one range of lines.
///
/// # Errors
/// `Conflict` where the import isn't loading.
pub async fn record_merge(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    through: i64,
    merged: MergedRows,
) -> Result<()> {
    let done = sqlx::query!(
        "update imports set merged_through = $3, pending_products = 0,
           rows_imported = rows_imported + $4,
           rows_updated = rows_updated + $5, rows_unchanged = rows_unchanged + $6
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
    require_open(done.rows_affected())
}

/// Records the totals, with which the transaction creates the products that were pending.
///
/// # Errors
/// `Conflict` where the import has ended.
pub async fn record_totals(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    totals: &ImportTotals,
) -> Result<()> {
    let done = sqlx::query!(
        "update imports set totals = $3, pending_products = 0
         where company_id = $1 and id = $2
           and state not in ('succeeded', 'failed', 'cancelled', 'reverted')",
        company.0,
        id.0,
        Json(totals) as _,
    )
    .execute(conn)
    .await?;
    require_open(done.rows_affected())
}

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

/// Fails with `Conflict` where a statement found the import in no open state.
pub(super) fn require_open(rows_affected: u64) -> Result<()> {
    if rows_affected == 0 {
        Err(Error::conflict(HAS_ENDED, "the import has ended"))
    } else {
        Ok(())
    }
}
