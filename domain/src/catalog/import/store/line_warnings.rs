//! The warnings that only a merged sales file reveals: recorded lines of its documents that it
//! leaves out, which stay because a file may be a part; rows of an error file that lost their
//! occurrence and found it taken; known lines that it changes or moves; and lines that a count of
//! their day leaves without effect.

use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::changed_lines::find_changed_lines;
use super::issues::{WarnedLines, warn_of_lines};
use super::placement::add_warnings;
use crate::Result;
use crate::catalog::import::lifecycle::{ImportId, Warning, WarningCode};
use crate::catalog::import::options::{DocumentNumbers, Options};
use crate::catalog::import::rows::{MAX_NAMED_LINES, MAX_WARNED_LINES};
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};
use crate::identity::Language;

/// Adds these warnings to the import.
pub async fn record_line_warnings(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    options: &Options,
    language: Language,
) -> Result<()> {
    join_by_hash(&mut *conn).await?;
    let documents = options.documents;
    let missing = find_missing_lines(&mut *conn, company, import, documents, language).await?;
    let taken = find_taken_lines(&mut *conn, company, import).await?;
    let unmoved = find_unmoved_lines(&mut *conn, company, import).await?;
    let [changed, moved, returned] = find_changed_lines(&mut *conn, company, import).await?;
    joins_as_usual(&mut *conn).await?;
    let mut warnings = Vec::from_iter(missing);
    for warned in [taken, changed, moved, returned, unmoved] {
        warnings.extend(warn_of_lines(&mut *conn, company, import, language, warned).await?);
    }
    add_warnings(conn, company, import, &warnings).await
}

/// Names the lines that are left out by document and code; a number that may occur again names a
/// document of its day and site. An error file is a part by nature: what
/// it leaves out needs no warning.
async fn find_missing_lines(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    documents: DocumentNumbers,
    language: Language,
) -> Result<Option<Warning>> {
    let found = sqlx::query!(
        r#"with missing as materialized (
             select s.document, s.product_id, s.day from sales s
             left join sites t on t.company_id = $1 and t.id = s.site_id
             where s.company_id = $1 and s.source = 'import' and s.status <> 'cancelled'
               and s.import_id is distinct from $2
               and s.document in (
                 select l.document from staging.sale_lines l
                 where l.import_id = $2 and l.document is not null)
               and ($4 or (s.document, s.day, coalesce(t.name_key, '')) in (
                 select l.document, l.day, coalesce(l.site_key, '') from staging.sale_lines l
                 where l.import_id = $2 and l.document is not null))
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
        documents == DocumentNumbers::NeverRepeat,
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

/// A sale of a day alone stands at its beginning. Nobody knows whether a count of that day was made
/// before it or after.
async fn find_unmoved_lines(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<WarnedLines> {
    let found = sqlx::query!(
        r#"with counted as materialized (
             select k.product_id, k.site_id, k.anchored_at, c.timezone,
               (k.anchored_at at time zone c.timezone)::date as day
             from stock_levels k
             join companies c on c.id = k.company_id
             where k.company_id = $1 and k.counted
           ),
           unmoved as materialized (
             select distinct l.line
             from counted
             join products p on p.company_id = $1 and p.id = counted.product_id
             join staging.sale_lines l
               on l.import_id = $2 and l.sku_key = p.sku_key and l.day = counted.day
             left join sites t on t.company_id = $1 and t.name_key = l.site_key
             where l.line > 0 and coalesce(l.status, 'delivered') <> 'cancelled'
               and (counted.site_id = t.id or counted.site_id is null and not exists (
                 select from stock_levels own
                 where own.company_id = $1 and own.product_id = p.id and own.site_id = t.id
                   and own.tracked_since <= l.sold_at))
               and l.sold_at <= counted.anchored_at
               -- A count of the end of the day is after all of its sales.
               and counted.anchored_at < (counted.day + 1)::timestamp
                 at time zone counted.timezone - interval '1 microsecond'
               and l.sold_at = l.day::timestamp at time zone counted.timezone
               and exists (select from sales s where s.company_id = $1 and s.import_key = l.key
                           and s.status <> 'cancelled' and s.stock_rule is null)
           )
           select (select count(*) from unmoved) as "rows!",
             array(select line from unmoved order by line limit $3) as "lines!""#,
        company.0,
        import.0,
        MAX_WARNED_LINES,
    )
    .fetch_one(conn)
    .await?;
    Ok(WarnedLines {
        code: WarningCode::UnmovedLines,
        rows: found.rows,
        lines: found.lines,
    })
}
