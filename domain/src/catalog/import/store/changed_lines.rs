//! The known lines that a file of sales has changed.

use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::issues::WarnedLines;
use crate::Result;
use crate::catalog::import::lifecycle::{ImportId, WarningCode};
use crate::catalog::import::rows::MAX_WARNED_LINES;

/// Finds the lines whose sales the import has changed: those that stay where they are, those that
/// it moves to another day or site, and those that it cancels although units came back.
pub(super) async fn find_changed_lines(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<[WarnedLines; 3]> {
    let found = sqlx::query!(
        r#"with changed as materialized (
             select l.line, s.has_moved, s.has_returns
             from import_changes c
             cross join lateral (
               select k.import_key,
                 (k.day, k.site_id) is distinct from
                   ((c.previous ->> 'day')::date, (c.previous ->> 'site_id')::uuid) as has_moved,
                 k.status = 'cancelled' and c.previous ->> 'status' <> 'cancelled'
                   and has_unexplained_return(k) as has_returns
               from sales k where k.company_id = $1 and k.id = c.row_id offset 0
             ) s
             join staging.sale_lines l on l.import_id = $2 and l.key = s.import_key
             where c.company_id = $1 and c.import_id = $2 and c.previous ? 'sold_at'
               and l.line > 0
           )
           select count(*) filter (where not has_moved) as "changed!",
             array(select line from changed where not has_moved order by line limit $3)
               as "changed_lines!",
             count(*) filter (where has_moved) as "moved!",
             array(select line from changed where has_moved order by line limit $3)
               as "moved_lines!",
             count(*) filter (where has_returns) as "returned!",
             array(select line from changed where has_returns order by line limit $3)
               as "returned_lines!"
           from changed"#,
        company.0,
        import.0,
        MAX_WARNED_LINES,
    )
    .fetch_one(conn)
    .await?;
    Ok([
        WarnedLines {
            code: WarningCode::ChangedLines,
            rows: found.changed,
            lines: found.changed_lines,
        },
        WarnedLines {
            code: WarningCode::MovedLines,
            rows: found.moved,
            lines: found.moved_lines,
        },
        WarnedLines {
            code: WarningCode::ReturnedLines,
            rows: found.returned,
            lines: found.returned_lines,
        },
    ])
}
