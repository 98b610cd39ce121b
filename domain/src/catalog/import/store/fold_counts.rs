//! The end of staging of counts: what the counts of one product, site and time make together.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::import::options::RepeatedCounts;

/// Leaves one line of each product, site and time: the last, with its own level or with the sum.
/// Records that the file is staged. Returns the number of lines that were left out.
pub async fn fold_counts(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    repeated: Option<RepeatedCounts>,
) -> Result<u64> {
    let left_out = match repeated {
        Some(mode) => leave_last(&mut *conn, import.0, mode == RepeatedCounts::Sum).await?,
        None => 0,
    };
    sqlx::query!(
        "update imports set staged_at = engine_now() where company_id = $1 and id = $2",
        company.0,
        import.0
    )
    .execute(conn)
    .await?;
    Ok(left_out)
}

/// A negative line is beyond every range of the merge.
async fn leave_last(conn: &mut PgConnection, import: Uuid, is_sum: bool) -> Result<u64> {
    let folded = sqlx::query!(
        "with repeated as (
           select sku_key, site_key, at, max(line) as last,
             sum(quantity) as quantity,
             substring(sha256(string_agg(key, '' order by line)) for 16) as key
           from staging.count_lines
           where import_id = $1
           group by 1, 2, 3
           having count(*) > 1
         )
         update staging.count_lines l
         set line = case when l.line = r.last then l.line else -l.line end,
           quantity = case when l.line = r.last and $2 then r.quantity else l.quantity end,
           key = case when l.line = r.last and $2 then r.key else l.key end
         from repeated r
         where l.import_id = $1 and l.sku_key = r.sku_key
           and l.site_key is not distinct from r.site_key and l.at = r.at",
        import,
        is_sum,
    )
    .execute(&mut *conn)
    .await?;
    let left_out = sqlx::query_scalar!(
        r#"select count(*) as "count!" from staging.count_lines where import_id = $1 and line < 0"#,
        import,
    )
    .fetch_one(conn)
    .await?;
    let touched = folded.rows_affected();
    Ok(u64::try_from(left_out).unwrap_or(0).min(touched))
}
