//! Refused rows.

use platform::ids::CompanyId;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::Result;
use crate::catalog::import::Rejection;
use crate::catalog::import::lifecycle::{ImportError, ImportId};

/// # Errors
/// The database's.
pub(super) async fn insert(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    rejections: &[Rejection],
) -> Result<()> {
    for part in rejections.chunks(5_000) {
        let lines: Vec<i64> = part
            .iter()
            .map(|r| i64::try_from(r.line).unwrap_or(i64::MAX))
            .collect();
        let columns: Vec<Option<String>> = part.iter().map(|r| r.column.clone()).collect();
        let values: Vec<&str> = part.iter().map(|r| r.value.as_str()).collect();
        let codes: Vec<&str> = part.iter().map(|r| r.code).collect();
        let reasons: Vec<&str> = part.iter().map(|r| r.reason.as_str()).collect();
        let fields: Vec<Json<&Vec<String>>> = part.iter().map(|r| Json(&r.row)).collect();
        let keys: Vec<Option<&[u8]>> = part
            .iter()
            .map(|r| r.place.as_ref().map(|p| p.key.as_bytes()))
            .collect();
        let occurrences: Vec<Option<i64>> = part
            .iter()
            .map(|r| r.place.and_then(|p| p.occurrence))
            .collect();
        sqlx::query!(
            "insert into import_errors (company_id, import_id, line, column_name, value, code, reason, fields, key,
               occurrence)
             select $1, $2, u.line, u.column_name, u.value, u.code, u.reason, u.fields, u.key, u.occurrence
             from unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::bytea[],
                 $10::bigint[])
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

/// Refused rows in the order of the file, after a line.
///
/// # Errors
/// The database's.
pub async fn list_import_errors(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    after_line: i64,
    limit: i64,
) -> Result<Vec<ImportError>> {
    let errors = sqlx::query_as!(
        ImportError,
        r#"select line, column_name as "column", value, code, reason, fields as "fields: Json<Vec<String>>",
             key, occurrence
           from import_errors where company_id = $1 and import_id = $2 and line > $3 order by line limit $4"#,
        company.0,
        import.0,
        after_line,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(errors)
}
