//! The end of staging: rows of one identity are told apart by their order in the file, refused ones included, so
//! that a row keeps its number when it is corrected.

use platform::ids::CompanyId;
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::import::Duplicates;
use crate::catalog::import::lifecycle::{ImportId, Warning};
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};

/// Numbers the rows of each key. Of rows with the caller's own id the last one stands; the others, and those that
/// `duplicates` drops, get a negative line, which no range reaches: they may still carry the name of a product to
/// make. Gives what should be looked at.
///
/// # Errors
/// The database's.
pub async fn number_rows(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    duplicates: Duplicates,
) -> Result<Vec<Warning>> {
    join_by_hash(&mut *conn).await?;
    let found = sqlx::query!(
        r#"with refused as (
             select e.line, e.key from import_errors e
             where e.company_id = $2 and e.import_id = $1 and e.key is not null and e.occurrence is null
           ), alike as (
             select d.line, d.key, d.external_id is not null as named,
               d.external_id is null and row_number() over (
                 partition by d.key, d.quantity, d.unit_price, d.sold_at, d.customer order by d.line) > 1 as again
             from staging.sale_lines d
             where d.import_id = $1
               and d.key in (select r.key from staging.sale_lines r where r.import_id = $1 and r.repeats
                             union all select key from refused)
           ), numbered as (
             select n.*, row_number() over (partition by n.key order by n.line) as occurrence,
               count(*) over (partition by n.key) as occurrences
             from (select line, key, named, false as is_refused from alike where not (again and $3)
                   union all select line, key, false, true from refused) n
           ), superseded as (
             update staging.sale_lines l set line = -l.line
             from numbered n
             where l.import_id = $1 and l.line = n.line and n.named and n.occurrence < n.occurrences
             returning 1
           ), dropped as (
             update staging.sale_lines l set line = -l.line
             from alike a
             where l.import_id = $1 and l.line = a.line and a.again and $3
             returning 1
           ), keyed as (
             update staging.sale_lines l set key = substring(sha256(n.key || int8send(n.occurrence)) for 16)
             from numbered n
             where l.import_id = $1 and l.line = n.line and not n.named and not n.is_refused and n.occurrence > 1
           ), placed as (
             update import_errors e set occurrence = n.occurrence
             from numbered n
             where e.company_id = $2 and e.import_id = $1 and e.line = n.line and n.is_refused
           )
           select (select count(*) from superseded) as "superseded!", (select count(*) from dropped) as "dropped!",
             count(*) filter (where again and not $3) as "alike!"
           from alike"#,
        import.0,
        company.0,
        duplicates == Duplicates::Drop,
    )
    .fetch_one(&mut *conn)
    .await?;
    joins_as_usual(&mut *conn).await?;
    sqlx::query!(
        "update imports set staged_at = engine_now() where company_id = $1 and id = $2",
        company.0,
        import.0
    )
    .execute(conn)
    .await?;
    let warning = |code: &str, rows| Warning {
        code: code.into(),
        rows: u64::try_from(rows).unwrap_or(0),
    };
    let warnings = [
        warning("duplicate_lines", found.alike),
        warning("dropped_lines", found.dropped),
        warning("superseded_lines", found.superseded),
    ];
    Ok(warnings.into_iter().filter(|w| w.rows > 0).collect())
}
