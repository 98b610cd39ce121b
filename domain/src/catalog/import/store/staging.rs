//! The staging tables: filling and emptying them.

use std::collections::HashSet;

use futures::TryStreamExt as _;
use platform::ids::CompanyId;
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::import::stage::chunk::Chunk;
use crate::catalog::import::stage::staging::fingerprint;
use crate::catalog::import::stage::tuples::{HEADER, TRAILER};
use crate::catalog::import::store::row_errors;
use crate::catalog::import::store::transitions::still_open;
use crate::catalog::import::{Habits, Kind};

const COPY_SALES: &str = "copy staging.sale_lines (import_id, line, id, key, repeats, fresh, sku, name, document, external_id, \
     customer, customer_name, country, site, kind, status, quantity, unit_price, amount, currency, sold_at, day) \
     from stdin (format binary)";
const COPY_PRODUCTS: &str = "copy staging.product_lines (import_id, line, id, sku, name, category, supplier, unit, barcode, \
     currency, purchase_price, sale_price, min_stock, max_stock, minimum_order_quantity, pack_multiple, \
     lead_time_days, active) from stdin (format binary)";
const COPY_COUNTS: &str = "copy staging.count_lines (import_id, line, id, key, sku, name, site, quantity, at) from stdin (format binary)";

/// Writes one chunk and where it ends.
///
/// # Errors
/// The database's.
pub async fn write_chunk(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    kind: Kind,
    chunk: Chunk,
) -> Result<()> {
    let statement = match kind {
        Kind::Sales => COPY_SALES,
        Kind::Products => COPY_PRODUCTS,
        Kind::StockCounts => COPY_COUNTS,
    };
    if chunk.rows > 0 {
        let mut copy = conn.copy_in_raw(statement).await?;
        copy.send(HEADER).await?;
        copy.send(chunk.tuples.bytes).await?;
        copy.send(TRAILER).await?;
        copy.finish().await?;
    }
    row_errors::insert(&mut *conn, company, import, &chunk.rejections).await?;
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let done = sqlx::query!(
        "update imports set staged_through = $3, staged_rows = staged_rows + $4, rows_total = $5, rows_rejected = $6,
           rows_ignored = $7
         where company_id = $1 and id = $2 and state = 'loading'",
        company.0,
        import.0,
        count(chunk.through),
        count(chunk.rows),
        count(chunk.totals.rows),
        count(chunk.totals.rejected),
        count(chunk.totals.ignored),
    )
    .execute(conn)
    .await?;
    still_open(done.rows_affected())
}

/// Where fewer rows are staged than were committed (the server crashed, and staging isn't logged), forgets
/// them all: the file is staged again. Lines already merged stay merged. Answers the line to go on after,
/// and whether all is staged.
///
/// # Errors
/// The database's.
pub async fn resume_point(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<(i64, bool)> {
    let state = sqlx::query!(
        r#"select staged_through, staged_at is not null as "is_staged!",
             staged_rows = (select count(*) from staging.sale_lines where import_id = $2)
               + (select count(*) from staging.product_lines where import_id = $2)
               + (select count(*) from staging.count_lines where import_id = $2) as "is_whole!"
           from imports where company_id = $1 and id = $2"#,
        company.0,
        import.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    if state.is_whole {
        return Ok((state.staged_through, state.is_staged));
    }
    wipe(&mut *conn, import).await?;
    sqlx::query!(
        "delete from import_errors where company_id = $1 and import_id = $2",
        company.0,
        import.0
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update imports set staged_through = 0, staged_rows = 0, staged_at = null where company_id = $1 and id = $2",
        company.0,
        import.0,
    )
    .execute(conn)
    .await?;
    Ok((0, false))
}

/// Empties staging of an import.
///
/// # Errors
/// The database's.
pub async fn wipe(conn: &mut PgConnection, import: ImportId) -> Result<()> {
    sqlx::query!(
        "delete from staging.sale_lines where import_id = $1",
        import.0
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from staging.product_lines where import_id = $1",
        import.0
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from staging.count_lines where import_id = $1",
        import.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Empties staging of the company's imports that are over: a worker that dies right after its last commit
/// leaves them behind.
///
/// # Errors
/// The database's.
pub async fn sweep(conn: &mut PgConnection, company: CompanyId) -> Result<()> {
    let left = sqlx::query_scalar!(
        r#"select i.id as "id: ImportId" from imports i
           where i.company_id = $1 and i.state in ('succeeded', 'failed', 'cancelled') and i.staged_rows > 0"#,
        company.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    for import in left {
        wipe(&mut *conn, import).await?;
        sqlx::query!(
            "update imports set staged_rows = 0 where company_id = $1 and id = $2",
            company.0,
            import.0
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Fingerprints of every code of the catalog.
///
/// # Errors
/// The database's.
pub async fn known_products(conn: &mut PgConnection, company: CompanyId) -> Result<HashSet<u64>> {
    let mut keys = sqlx::query_scalar!(
        r#"select sku_key as "key!" from products where company_id = $1"#,
        company.0
    )
    .fetch(conn);
    let mut known = HashSet::new();
    while let Some(key) = keys.try_next().await? {
        // The database's own upper case may know fewer letters.
        known.insert(fingerprint(&key.to_uppercase()));
    }
    Ok(known)
}

/// What the last hundred sales of each of these products say of its usual quantity.
///
/// # Errors
/// The database's.
pub async fn known_habits(
    conn: &mut PgConnection,
    company: CompanyId,
    habits: &mut Habits,
) -> Result<()> {
    let known = sqlx::query!(
        r#"select p.sku_key as "key!", k.logs as "logs!", k.lines as "lines!"
           from products p
           cross join lateral (
             select sum(ln(l.quantity::float8)) as logs, count(*)::int4 as lines
             from (select s.quantity from sales s
                   where s.company_id = $1 and s.product_id = p.id and s.kind = 'sale' and s.quantity > 0
                   order by s.day desc limit 100) l
           ) k
           where p.company_id = $1 and p.sku_key = any ($2) and k.lines > 0"#,
        company.0,
        &habits.keys(),
    )
    .fetch_all(conn)
    .await?;
    for product in known {
        habits.add(
            &product.key.to_uppercase(),
            product.logs,
            product.lines.unsigned_abs(),
        );
    }
    Ok(())
}

/// Upper-case names of the company's sites.
///
/// # Errors
/// The database's.
pub async fn known_sites(conn: &mut PgConnection, company: CompanyId) -> Result<HashSet<String>> {
    let keys = sqlx::query_scalar!(
        r#"select name_key as "key!" from sites where company_id = $1"#,
        company.0
    )
    .fetch_all(conn)
    .await?;
    Ok(keys.into_iter().map(|key| key.to_uppercase()).collect())
}
