//! The warnings that only a merged sales file reveals: recorded lines of its documents that it
//! leaves out, which stay because a file may be a part; and rows of an error file that lost their
//! occurrence and found it taken.

use platform::ids::CompanyId;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::issues::{WarnedLines, warn_of_lines};
use crate::Result;
use crate::catalog::import::lifecycle::{ImportId, Warning, WarningCode};
use crate::catalog::import::rows::{MAX_NAMED_LINES, MAX_WARNED_LINES};
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};
use crate::identity::Language;

/// Adds these warnings to the import.
pub async fn record_line_warnings(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    language: Language,
) -> Result<()> {
    join_by_hash(&mut *conn).await?;
    let missing = find_missing_lines(&mut *conn, company, import, language).await?;
    let taken = find_taken_lines(&mut *conn, company, import).await?;
    joins_as_usual(&mut *conn).await?;
    let taken = warn_of_lines(&mut *conn, company, import, language, taken).await?;
    let warnings: Vec<Warning> = [missing, taken].into_iter().flatten().collect();
    if warnings.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update imports set warnings = warnings || $3 where company_id = $1 and id = $2",
        company.0,
        import.0,
        Json(&warnings) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Names the lines that are left out by document and code. An error file is a part by nature: what
/// it leaves out needs no warning.
async fn find_missing_lines(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    language: Language,
) -> Result<Option<Warning>> {
    let found = sqlx::query!(
        r#"with missing as materialized (
             select s.document, s.product_id, s.day from sales s
             where s.company_id = $1 and s.source = 'import' and s.status <> 'cancelled'
               and s.import_id is distinct from $2
               and s.document in (
                 select l.document from staging.sale_lines l
                 where l.import_id = $2 and l.document is not null)
               and not exists (
                 select from staging.sale_lines l where l.import_id = $2 and l.key = s.import_key)
               and not (select (detected -> 'header') ? 'import_occurrence' from imports
                        where company_id = $1 and id = $2)
           )
           select (select count(*) from missing) as "rows!",
             array(select m.document || ' ' || p.sku || ' ' || m.day from missing m
                   join products p on p.company_id = $1 and p.id = m.product_id
                   order by m.document, p.sku limit $3) as "examples!""#,
        company.0,
        import.0,
        i64::try_from(MAX_NAMED_LINES).unwrap_or(i64::MAX),
    )
    .fetch_one(conn)
    .await?;
    let rows = u64::try_from(found.rows).unwrap_or(0);
    Ok((rows > 0).then(|| Warning {
        examples: found.examples,
        ..Warning::of_rows(WarningCode::MissingLines, rows, language)
    }))
}

async fn find_taken_lines(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<WarnedLines> {
    let found = sqlx::query!(
        r#"with taken as materialized (
             select l.line from staging.sale_lines l
             where l.import_id = $2 and l.lost_occurrence and l.line > 0
               and exists (
                 select from sales s
                 where s.company_id = $1 and s.import_key = l.key
                   and s.import_id is distinct from $2)
           )
           select (select count(*) from taken) as "rows!",
             array(select line from taken order by line limit $3) as "lines!""#,
        company.0,
        import.0,
        MAX_WARNED_LINES,
    )
    .fetch_one(conn)
    .await?;
    Ok(WarnedLines {
        code: WarningCode::LinesTaken,
        rows: found.rows,
        lines: found.lines,
    })
}
