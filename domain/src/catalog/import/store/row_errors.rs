//! Row errors, as they are stored.

use platform::ids::CompanyId;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::Result;
use crate::catalog::import::lifecycle::{ImportId, StoredRowError};
use crate::catalog::import::rows::RejectedRow;

/// Rows of one insert.
const BATCH_ROWS: usize = 5_000;

pub(super) async fn insert_row_errors(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    rejected: &[RejectedRow],
) -> Result<()> {
    for batch in rejected.chunks(BATCH_ROWS) {
        let lines: Vec<i64> = batch
            .iter()
            .map(|row| i64::try_from(row.line).unwrap_or(i64::MAX))
            .collect();
        let columns: Vec<Option<&str>> = batch.iter().map(|row| row.column.as_deref()).collect();
        let values: Vec<&str> = batch.iter().map(|row| row.value.as_str()).collect();
        let codes: Vec<&str> = batch.iter().map(|row| row.code).collect();
        let reasons: Vec<&str> = batch.iter().map(|row| row.reason.as_str()).collect();
        let fields: Vec<Json<&Vec<String>>> = batch.iter().map(|row| Json(&row.fields)).collect();
        let keys: Vec<Option<&[u8]>> = batch
            .iter()
            .map(|row| row.occurrence.as_ref().map(|found| found.key.as_bytes()))
            .collect();
        let occurrences: Vec<Option<i64>> = batch
            .iter()
            .map(|row| row.occurrence.and_then(|found| found.number))
            .collect();
        sqlx::query!(
            "insert into import_errors (company_id, import_id, line, column_name, value, code,
               reason, fields, key, occurrence)
             select $1, $2, u.line, u.column_name, u.value, u.code, u.reason, u.fields, u.key,
               u.occurrence
             from unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
                 $8::jsonb[], $9::bytea[], $10::bigint[])
               as u (line, column_name, value, code, reason, fields, key, occurrence)",
            company.0,
            import.0,
            &lines,
            &columns as _,
            &values as _,
            &codes as _,
            &reasons as _,
            &fields as _,
            &keys as _,
            &occurrences as _,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Returns up to `limit` row errors after a line, in the order of the file.
pub async fn list_row_errors(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    after_line: i64,
    limit: i64,
) -> Result<Vec<StoredRowError>> {
    let errors = sqlx::query_as!(
        StoredRowError,
        r#"select line, column_name as "column", value, code, reason,
             fields as "fields: Json<Vec<String>>", key, occurrence
           from import_errors
           where company_id = $1 and import_id = $2 and line > $3
           order by line limit $4"#,
        company.0,
        import.0,
        after_line,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(errors)
}
