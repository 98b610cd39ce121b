//! What is recorded of the lines of a file: its sales, and days of which other files hold lines
//! that only day and figures identify.

use platform::ids::CompanyId;
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::FactKey;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::import::same_day::RecordedDay;
use crate::catalog::import::stage::{DayLines, FileDay, Preview, RowOutcome};
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};

/// Keys that one statement compares.
const KEYS_AT_ONCE: usize = 20_000;

/// Finds the days of a staged file of which other files hold lines that it lacks.
pub(super) async fn find_recorded_days(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<Vec<RecordedDay>> {
    let days = sqlx::query!(
        r#"select coalesce(l.site_key, '') as "site_key!", l.day - date '1970-01-01' as "day!",
             count(*) as "lines!", min(l.line) as "first_line!",
             count(*) filter (where exists (
               select from sales s
               where s.company_id = $1 and s.import_key = l.key and s.status <> 'cancelled'
               offset 0)) as "known!"
           from staging.sale_lines l
           where l.import_id = $2 and l.line > 0 and l.by_day
           group by l.site_key, l.day"#,
        company.0,
        import.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    let days = days.into_iter().map(|row| FileDay {
        site_key: row.site_key,
        day: row.day,
        lines: row.lines,
        known: row.known,
        first_line: row.first_line,
    });
    join_by_hash(&mut *conn).await?;
    let found = compare_days(&mut *conn, company, &Vec::from_iter(days)).await;
    joins_as_usual(conn).await?;
    found
}

/// Marks the shown rows of a preview whose sales are recorded already.
pub async fn mark_recorded_rows(
    conn: &mut PgConnection,
    company: CompanyId,
    preview: &mut Preview,
) -> Result<()> {
    let shown = preview.rows.iter_mut().chain(&mut preview.troubled_rows);
    let (mut rows, keys): (Vec<_>, Vec<_>) = shown
        .filter_map(|row| row.key.map(|key| (row, key)))
        .unzip();
    if rows.is_empty() {
        return Ok(());
    }
    let keys: Vec<&[u8]> = keys.iter().map(FactKey::as_bytes).collect();
    let recorded = sqlx::query_scalar!(
        r#"select u.place as "place!"
           from unnest($2::bytea[]) with ordinality as u (key, place)
           where exists (
             select from sales s where s.company_id = $1 and s.import_key = u.key offset 0)"#,
        company.0,
        &keys as _,
    )
    .fetch_all(conn)
    .await?;
    for place in recorded {
        rows[place as usize - 1].outcome = Some(RowOutcome::Recorded);
    }
    Ok(())
}

/// Finds such days of a file that isn't staged.
pub async fn find_recorded_days_of(
    conn: &mut PgConnection,
    company: CompanyId,
    mut lines: DayLines,
) -> Result<Vec<RecordedDay>> {
    for part in lines.keys.chunks(KEYS_AT_ONCE) {
        let days: Vec<i64> = part.iter().map(|(day, _)| *day as i64).collect();
        let keys: Vec<&[u8]> = part.iter().map(|(_, key)| key.as_bytes()).collect();
        let known = sqlx::query!(
            r#"select u.day as "day!", count(*) as "known!"
               from unnest($2::bigint[], $3::bytea[]) as u (day, key)
               where exists (
                 select from sales s
                 where s.company_id = $1 and s.import_key = u.key and s.status <> 'cancelled'
                 offset 0)
               group by u.day"#,
            company.0,
            &days,
            &keys as _,
        )
        .fetch_all(&mut *conn)
        .await?;
        for found in known {
            lines.days[found.day as usize].known += found.known;
        }
    }
    compare_days(conn, company, &lines.days).await
}

/// Returns the days of which more is recorded than the lines that the file has too.
async fn compare_days(
    conn: &mut PgConnection,
    company: CompanyId,
    days: &[FileDay],
) -> Result<Vec<RecordedDay>> {
    if days.is_empty() {
        return Ok(Vec::new());
    }
    let sites: Vec<&str> = days.iter().map(|day| day.site_key.as_str()).collect();
    let numbers: Vec<i32> = days.iter().map(|day| day.day).collect();
    let known: Vec<i64> = days.iter().map(|day| day.known).collect();
    let recorded = sqlx::query!(
        r#"with recorded as materialized (
             select d.day, s.site_id, sum(s.sales)::bigint as sales
             from (select distinct date '1970-01-01' + n as day from unnest($3::integer[]) n) d
             cross join lateral (
               select k.site_id, count(*) as sales from sales k
               where k.company_id = $1 and k.day = d.day and k.by_day
                 and k.status <> 'cancelled'
               group by k.site_id
               offset 0
             ) s
             group by d.day, s.site_id
           ),
           named as materialized (
             select r.day, r.sales, t.name, coalesce(t.name_key, '') as site_key
             from recorded r
             left join sites t on t.company_id = $1 and t.id = r.site_id
           )
           select f.place as "place!", r.day as "day!", r.name as "site?", r.sales as "sales!"
           from unnest($2::text[], $3::integer[], $4::bigint[])
             with ordinality as f (site_key, day, known, place)
           join named r on r.day = date '1970-01-01' + f.day and r.site_key = f.site_key
           where r.sales > f.known
           order by f.place"#,
        company.0,
        &sites as _,
        &numbers,
        &known,
    )
    .fetch_all(conn)
    .await?;
    let found = recorded.into_iter().map(|row| {
        let of_file = &days[row.place as usize - 1];
        RecordedDay {
            day: row.day,
            site: row.site,
            recorded: row.sales,
            known: of_file.known,
            lines: of_file.lines,
            first_line: of_file.first_line.unsigned_abs(),
        }
    });
    Ok(found.collect())
}
