//! Imports as rows: making, finding, listing, and what people may do to them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, JobId, Uuid};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::catalog::import::lifecycle::{
    Counts, Import, ImportId, NewImport, State, Warning, Work,
};
use crate::catalog::import::{Detected, Options, Question};
use crate::{Error, Result};

/// # Errors
/// The database's.
pub async fn create_import(
    conn: &mut PgConnection,
    company: CompanyId,
    new: &NewImport,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into imports (company_id, id, kind, file_name, blob_key, file_bytes, file_sha256, options, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        company.0,
        new.id.0,
        new.kind.as_str(),
        new.file_name,
        new.blob_key,
        i64::try_from(new.file_bytes).unwrap_or(i64::MAX),
        new.file_sha256.as_slice(),
        Json(&new.options) as _,
        new.created_by.map(|u| u.0),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Names the job that works on the import.
///
/// # Errors
/// The database's.
pub async fn assign_job(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    job: JobId,
) -> Result<()> {
    sqlx::query!(
        "update imports set job_id = $3 where company_id = $1 and id = $2",
        company.0,
        id.0,
        job.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// `NotFound` without it.
pub async fn find_import(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
) -> Result<Import> {
    let mut found = list(conn, company, Some(id.0), None, 1).await?;
    found.pop().ok_or(Error::NotFound("import"))
}

/// Keys of the files that are still of use: of imports that aren't over, or ended after `since`.
///
/// # Errors
/// The database's.
pub async fn files_in_use(
    conn: &mut PgConnection,
    company: CompanyId,
    since: DateTime<Utc>,
) -> Result<HashSet<String>> {
    let keys = sqlx::query_scalar!(
        "select blob_key from imports where company_id = $1 and (finished_at is null or finished_at > $2)",
        company.0,
        since,
    )
    .fetch_all(conn)
    .await?;
    Ok(keys.into_iter().collect())
}

/// The newest first, after the one of that time and id.
///
/// # Errors
/// The database's.
pub async fn list_imports(
    conn: &mut PgConnection,
    company: CompanyId,
    after: Option<(DateTime<Utc>, ImportId)>,
    limit: i64,
) -> Result<Vec<Import>> {
    list(conn, company, None, after, limit).await
}

async fn list(
    conn: &mut PgConnection,
    company: CompanyId,
    id: Option<Uuid>,
    after: Option<(DateTime<Utc>, ImportId)>,
    limit: i64,
) -> Result<Vec<Import>> {
    let (after_at, after_id) = (after.map(|a| a.0), after.map(|a| a.1.0));
    let imports = sqlx::query_as!(
        Import,
        r#"select id as "id: ImportId", kind, state as "state: State", job_id as "job_id: JobId", file_name, file_bytes,
             options as "options: Json<Options>", detected as "detected: Json<Detected>",
             questions as "questions: Json<Vec<Question>>", rows_total, rows_imported, rows_updated, rows_unchanged,
             rows_rejected, rows_ignored, totals as "totals: Json<Counts>", warnings as "warnings: Json<Vec<Warning>>",
             error_code, error_message, repeats_id as "repeats_id: ImportId", created_at, started_at, finished_at
           from imports
           where company_id = $1 and ($2::uuid is null or id = $2)
             and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
           order by created_at desc, id desc
           limit $5"#,
        company.0,
        id,
        after_at,
        after_id,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(imports)
}

/// Takes the answers to an import's questions; it is received once more.
///
/// # Errors
/// `NotFound`, or `Conflict` where nothing was asked.
pub async fn answer_questions(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    options: &Options,
) -> Result<()> {
    let done = sqlx::query!(
        "update imports set state = 'received', options = $3, questions = '[]'
         where company_id = $1 and id = $2 and state = 'needs_input'",
        company.0,
        id.0,
        Json(options) as _,
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() == 0 {
        let import = find_import(conn, company, id).await?;
        return Err(Error::conflict(
            "import_not_waiting",
            format!("the import is {:?} and waits for no answer", import.state),
        ));
    }
    Ok(())
}

/// Ends an import that isn't over; what valid-rows mode has committed stays. Answers whether it was running.
///
/// # Errors
/// `NotFound`, or `Conflict` where it is over.
pub async fn cancel_import(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    now: DateTime<Utc>,
) -> Result<()> {
    let done = sqlx::query!(
        "update imports set state = 'cancelled', finished_at = $3
         where company_id = $1 and id = $2 and state not in ('succeeded', 'failed', 'cancelled')",
        company.0,
        id.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() == 0 {
        find_import(conn, company, id).await?;
        return Err(Error::conflict("import_over", "the import is over"));
    }
    Ok(())
}

/// The imports of all companies whose job is over while something is left to do. In a transaction of the engine.
///
/// # Errors
/// The database's.
pub async fn abandoned_imports(conn: &mut PgConnection) -> Result<Vec<(CompanyId, ImportId)>> {
    let rows =
        sqlx::query!(r#"select company_id as "company!: CompanyId", id as "id!: ImportId" from abandoned_imports()"#)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|row| (row.company, row.id)).collect())
}

/// What the job must know, the row locked: nobody cancels between the look and the write.
///
/// # Errors
/// `NotFound` without it.
pub async fn find_work(conn: &mut PgConnection, company: CompanyId, id: ImportId) -> Result<Work> {
    let row = sqlx::query!(
        r#"select i.kind, i.state as "state: State", i.blob_key, i.file_bytes, i.options as "options: Json<Options>",
             i.created_at, i.merged_through, i.file_sha256, i.totals as "counts: Json<Counts>", c.timezone, c.currency
           from imports i join companies c on c.id = i.company_id
           where i.company_id = $1 and i.id = $2
           for no key update of i"#,
        company.0,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("import"))?;
    Ok(Work {
        id,
        kind: row.kind.parse()?,
        state: row.state,
        blob_key: row.blob_key,
        file_bytes: u64::try_from(row.file_bytes).unwrap_or(0),
        options: row.options.0,
        created_at: row.created_at,
        zone: row.timezone.parse().unwrap_or(chrono_tz::UTC),
        currency: row.currency,
        merged_through: row.merged_through,
        file_sha256: row.file_sha256,
        counts: row.counts.0,
    })
}
