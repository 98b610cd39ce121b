//! Imports as rows: creating, finding and listing them, and what people may do to them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, JobId, UserId, Uuid};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::catalog::import::detect::{Detected, Question};
use crate::catalog::import::kind::Kind;
use crate::catalog::import::lifecycle::{
    HAS_ENDED, Import, ImportId, ImportTotals, ImportWork, NewImport, State, Warning,
};
use crate::catalog::import::options::Options;
use crate::catalog::import::quota::{FILE_RETENTION, UNUSED_FILE_RETENTION};
use crate::identity::Language;
use crate::{Error, Result};

pub async fn create_import(
    conn: &mut PgConnection,
    company: CompanyId,
    new: &NewImport,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into imports (company_id, id, kind, file_name, blob_key, file_bytes, file_sha256,
           options, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        company.0,
        new.id.0,
        new.kind.as_str(),
        new.file_name,
        new.blob_key,
        i64::try_from(new.file_bytes).unwrap_or(i64::MAX),
        new.file_sha256.as_slice(),
        Json(&new.options) as _,
        new.created_by.map(|user| user.0),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Records the job that works on the import.
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
/// `NotFound` where the company has no such import.
pub async fn require_import(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
) -> Result<Import> {
    let mut found = select_imports(conn, company, Some(id.0), None, 1).await?;
    found.pop().ok_or(Error::NotFound("import"))
}

/// Returns the keys of the files of imports that are open or ended after `since`, which is
/// [`FILE_RETENTION`] ago; of those that wrote nothing, that ended in the last day.
pub async fn list_files_in_use(
    conn: &mut PgConnection,
    company: CompanyId,
    since: DateTime<Utc>,
) -> Result<HashSet<String>> {
    let keys = sqlx::query_scalar!(
        "select blob_key from imports
         where company_id = $1
           and (finished_at is null
                or finished_at > $2
                   and (finished_at > $3
                        or merged_through > 0
                        or state not in ('failed', 'cancelled')))",
        company.0,
        since,
        since + FILE_RETENTION - UNUSED_FILE_RETENTION,
    )
    .fetch_all(conn)
    .await?;
    Ok(keys.into_iter().collect())
}

/// Returns up to `limit` imports, the latest first, after the one of that time and id.
pub async fn list_imports(
    conn: &mut PgConnection,
    company: CompanyId,
    after: Option<(DateTime<Utc>, ImportId)>,
    limit: i64,
) -> Result<Vec<Import>> {
    select_imports(conn, company, None, after, limit).await
}

async fn select_imports(
    conn: &mut PgConnection,
    company: CompanyId,
    id: Option<Uuid>,
    after: Option<(DateTime<Utc>, ImportId)>,
    limit: i64,
) -> Result<Vec<Import>> {
    let imports = sqlx::query_as!(
        Import,
        r#"select id as "id: ImportId", kind as "kind: Kind", state as "state: State",
             job_id as "job_id: JobId", file_name, file_bytes, options as "options: Json<Options>",
             detected as "detected: Json<Detected>", questions as "questions: Json<Vec<Question>>",
             rows_total, rows_imported, rows_updated, rows_unchanged, rows_rejected, rows_ignored,
             totals as "totals: Json<ImportTotals>", warnings as "warnings: Json<Vec<Warning>>",
             error_code, error_message, repeats_id as "repeats_id: ImportId", created_at,
             created_by as "created_by: UserId", request_id, started_at, finished_at, reverted_at
           from imports
           where company_id = $1 and ($2::uuid is null or id = $2)
             and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
           order by created_at desc, id desc
           limit $5"#,
        company.0,
        id,
        after.map(|(created_at, _)| created_at),
        after.map(|(_, id)| id.0),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(imports)
}

/// Records the options that settle an import's questions; its state is `received` again.
///
/// # Errors
/// `NotFound`, or `Conflict` where the import has no open question.
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
        let import = require_import(conn, company, id).await?;
        return Err(Error::conflict(
            "import_not_waiting",
            format!("the import is {:?} and waits for no answer", import.state),
        ));
    }
    Ok(())
}

/// Cancels an open import; what valid-rows mode has committed stays.
///
/// # Errors
/// `NotFound`, or `Conflict` where the import has ended.
pub async fn cancel_import(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
    now: DateTime<Utc>,
) -> Result<()> {
    let done = sqlx::query!(
        "update imports set state = 'cancelled', finished_at = $3
         where company_id = $1 and id = $2
           and state not in ('succeeded', 'failed', 'cancelled', 'reverted')",
        company.0,
        id.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() == 0 {
        require_import(conn, company, id).await?;
        return Err(Error::conflict(HAS_ENDED, "the import has ended"));
    }
    Ok(())
}

/// Lists up to `limit` imports after `after`, of all companies, whose job has ended while
/// something is left to do. Requires a transaction of the engine's role.
pub async fn list_abandoned_imports(
    conn: &mut PgConnection,
    after: Option<ImportId>,
    limit: i64,
) -> Result<Vec<(CompanyId, ImportId)>> {
    let rows = sqlx::query!(
        r#"select company_id as "company!: CompanyId", id as "id!: ImportId"
           from abandoned_imports($1, $2) order by id"#,
        after.map(|import| import.0),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.company, row.id)).collect())
}

/// Returns what the import's job must know, and locks the row: nobody cancels the import until the
/// caller's transaction ends.
///
/// # Errors
/// `NotFound` where the company has no such import.
pub async fn load_work(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ImportId,
) -> Result<ImportWork> {
    let row = sqlx::query!(
        r#"select i.kind as "kind: Kind", i.state as "state: State", i.blob_key, i.file_bytes,
             i.options as "options: Json<Options>", i.created_at, i.merged_through, i.file_sha256,
             i.totals as "totals: Json<ImportTotals>", c.timezone, c.currency,
             c.language as "language: Language"
           from imports i join companies c on c.id = i.company_id
           where i.company_id = $1 and i.id = $2
           for no key update of i"#,
        company.0,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("import"))?;
    Ok(ImportWork {
        id,
        kind: row.kind,
        state: row.state,
        blob_key: row.blob_key,
        file_bytes: u64::try_from(row.file_bytes).map_err(|e| corrupt_column("file_bytes", e))?,
        file_sha256: row.file_sha256,
        options: row.options.0,
        created_at: row.created_at,
        zone: row
            .timezone
            .parse()
            .map_err(|e: chrono_tz::ParseError| corrupt_column("timezone", e))?,
        currency: row.currency,
        language: row.language,
        merged_through: row.merged_through,
        totals: row.totals.0,
    })
}

fn corrupt_column(
    column: &str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> sqlx::Error {
    sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: Box::new(source),
    }
}
