//! What staging must know of the catalog before it reads a file.

use std::collections::HashSet;

use futures::TryStreamExt as _;
use platform::ids::CompanyId;
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::import::detect::NumericCodes;
use crate::catalog::import::rows::UsualQuantities;
use crate::catalog::import::stage::KnownProducts;

/// Returns the codes of the catalog.
pub async fn load_known_products(
    conn: &mut PgConnection,
    company: CompanyId,
) -> Result<KnownProducts> {
    let mut codes = sqlx::query!(
        "select sku, sku_key from products where company_id = $1",
        company.0
    )
    .fetch(conn);
    let mut known = KnownProducts::default();
    while let Some(code) = codes.try_next().await? {
        known.insert(&code.sku, &code.sku_key);
    }
    Ok(known)
}

/// Adds the last hundred recorded sales of each product that `usual` watches.
pub async fn add_recorded_quantities(
    conn: &mut PgConnection,
    company: CompanyId,
    usual: &mut UsualQuantities,
) -> Result<()> {
    let recorded = sqlx::query!(
        r#"select p.sku_key as key, k.log_sum as "log_sum!", k.sales as "sales!"
           from products p
           cross join lateral (
             select sum(ln(l.quantity::float8)) as log_sum, count(*)::int4 as sales
             from (
               select s.quantity from sales s
               where s.company_id = $1 and s.product_id = p.id and s.kind = 'sale'
                 and s.quantity > 0
               order by s.day desc limit 100
             ) l
           ) k
           where p.company_id = $1 and p.sku_key = any ($2) and k.sales > 0"#,
        company.0,
        &usual.sku_keys(),
    )
    .fetch_all(conn)
    .await?;
    for product in recorded {
        let sales = product.sales.unsigned_abs();
        usual.add_recorded_sales(&product.key, product.log_sum, sales);
    }
    Ok(())
}

/// Returns the codes of digits in the catalog.
pub async fn load_numeric_codes(
    conn: &mut PgConnection,
    company: CompanyId,
) -> Result<NumericCodes> {
    let mut codes = NumericCodes::default();
    let mut keys = sqlx::query_scalar!(
        "select sku_key from products where company_id = $1 and sku_key ~ '^[0-9]{1,19}$'",
        company.0
    )
    .fetch(conn);
    while let Some(key) = keys.try_next().await? {
        codes.insert(&key);
    }
    Ok(codes)
}

/// Returns the keys of the names of the company's sites.
pub async fn load_site_keys(
    conn: &mut PgConnection,
    company: CompanyId,
) -> Result<HashSet<String>> {
    let keys = sqlx::query_scalar!(
        "select name_key from sites
         where company_id = $1 and (archived_at is null or version > 1)",
        company.0
    )
    .fetch_all(conn)
    .await?;
    Ok(keys.into_iter().collect())
}
