//! The issues of rows, as they are stored.

use platform::ids::CompanyId;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::Result;
use crate::catalog::import::lifecycle::{ImportId, StoredRowIssues, Warning, WarningCode};
use crate::catalog::import::rows::{Issue, MAX_NAMED_LINES, RowIssues, Severity};
use crate::identity::Language;

/// Rows of one insert.
const BATCH_ROWS: usize = 5_000;

pub(super) async fn insert_issues(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    reported: &[RowIssues],
) -> Result<()> {
    for batch in reported.chunks(BATCH_ROWS) {
        let lines: Vec<i64> = batch
            .iter()
            .map(|row| i64::try_from(row.line).unwrap_or(i64::MAX))
            .collect();
        let severities: Vec<&str> = batch.iter().map(|row| row.severity.as_str()).collect();
        let issues: Vec<Json<&Vec<Issue>>> = batch.iter().map(|row| Json(&row.issues)).collect();
        let fields: Vec<Json<&Vec<String>>> = batch.iter().map(|row| Json(&row.fields)).collect();
        let keys: Vec<Option<&[u8]>> = batch
            .iter()
            .map(|row| row.occurrence.as_ref().map(|found| found.key.as_bytes()))
            .collect();
        let occurrences: Vec<Option<i64>> = batch
            .iter()
            .map(|row| row.occurrence.and_then(|found| found.number))
            .collect();
        let origins = batch.iter().map(|row| row.origin);
        let origin_lines: Vec<_> = origins.clone().map(|from| from.map(|o| o.line)).collect();
        let origins: Vec<_> = origins.map(|from| from.map(|o| o.import)).collect();
        sqlx::query!(
            "insert into import_issues
               (company_id, import_id, line, severity, issues, fields, key, occurrence, origin,
                origin_line)
             select $1, $2, u.line, u.severity, u.issues, u.fields, u.key, u.occurrence, u.origin,
               u.origin_line
             from unnest($3::bigint[], $4::text[], $5::jsonb[], $6::jsonb[], $7::bytea[],
                 $8::bigint[], $9::uuid[], $10::bigint[])
               as u (line, severity, issues, fields, key, occurrence, origin, origin_line)",
            company.0,
            import.0,
            &lines,
            &severities as _,
            &issues as _,
            &fields as _,
            &keys as _,
            &occurrences as _,
            &origins as _,
            &origin_lines as _,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Returns the issues of up to `limit` rows after a line, in the order of the file; of both
/// severities or of one.
pub async fn list_row_issues(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    severity: Option<Severity>,
    after_line: i64,
    limit: i64,
) -> Result<Vec<StoredRowIssues>> {
    let rows = sqlx::query_as!(
        StoredRowIssues,
        r#"select line, severity as "severity: Severity", issues as "issues: Json<Vec<Issue>>",
             fields as "fields: Json<Vec<String>>", key, occurrence,
             coalesce(origin, import_id) as "origin!", coalesce(origin_line, line) as "origin_line!"
           from import_issues
           where company_id = $1 and import_id = $2 and line > $3
             and severity = coalesce($4, severity)
           order by line limit $5"#,
        company.0,
        import.0,
        after_line,
        severity as Option<Severity>,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Returns the warning about accepted rows that are known by their lines alone, and adds it to the
/// issues of the first of them; `None` where there are none.
pub(super) async fn warn_of_lines(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    language: Language,
    warned: WarnedLines,
) -> Result<Option<Warning>> {
    let rows = u64::try_from(warned.rows).unwrap_or(0);
    if rows == 0 {
        return Ok(None);
    }
    let warning = Warning::of_rows(warned.code, rows, language);
    sqlx::query!(
        "insert into import_issues as i (company_id, import_id, line, severity, issues, fields)
         select $1, $2, u.line, 'warning', jsonb_build_array(jsonb_build_object(
             'column', null, 'value', coalesce(l.sku, l.sku_key, ''), 'code', $3::text,
             'reason', $4::text)), '[]'
         from unnest($5::bigint[]) as u (line)
         -- A look-up for each line, whatever the statistics claim. The lines that are left out are
         -- negative in staging.
         left join lateral (
           select sku, sku_key from staging.sale_lines where import_id = $2 and line = u.line
           union all
           select sku, sku_key from staging.sale_lines where import_id = $2 and line = -u.line
           limit 1
         ) l on true
         on conflict (company_id, import_id, line) do update
           set issues = i.issues || excluded.issues",
        company.0,
        import.0,
        warned.code.as_str(),
        warning.message,
        &warned.lines,
    )
    .execute(conn)
    .await?;
    let named = warned.lines.iter().take(MAX_NAMED_LINES);
    Ok(Some(Warning {
        lines: named.map(|line| line.unsigned_abs()).collect(),
        ..warning
    }))
}

/// Accepted rows that a statement found.
pub(super) struct WarnedLines {
    pub(super) code: WarningCode,
    pub(super) rows: i64,
    /// The first of them, in order.
    pub(super) lines: Vec<i64>,
}
