//! The cache of levels: how it follows the facts, and how it is read.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use crate::catalog::{ProductId, SiteId, SiteStock, Stock};
use crate::{Error, Result};

/// Makes the levels of `products` what the facts say; two statements for any number of products.
/// Every transaction that writes or cancels facts ends its writes with this, so that the cache is never
/// seen apart from them.
///
/// Answers how many levels changed or appeared.
///
/// # Errors
/// The database's.
pub async fn recompute_levels(
    conn: &mut PgConnection,
    company: CompanyId,
    products: &[Uuid],
) -> Result<u64> {
    lock_products(&mut *conn, company, products).await?;
    let done = sqlx::query_file!("src/catalog/store/levels.sql", company.0, products)
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}

/// Locks the products' rows, in one order, to the end of the transaction: whoever reckons from a product's
/// facts and comes second does so after the first has committed, and sees its facts.
pub(super) async fn lock_products(
    conn: &mut PgConnection,
    company: CompanyId,
    products: &[Uuid],
) -> Result<()> {
    sqlx::query!(
        "select from products where company_id = $1 and id = any ($2) order by id for no key update",
        company.0,
        products,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// `NotFound` without the product; a product that isn't tracked has a stock of unknown level.
pub async fn find_stock(
    conn: &mut PgConnection,
    company: CompanyId,
    product: ProductId,
) -> Result<Stock> {
    let known = sqlx::query_scalar!(
        r#"select exists (select from products where company_id = $1 and id = $2) as "known!""#,
        company.0,
        product.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    if !known {
        return Err(Error::NotFound("product"));
    }
    let sites = sqlx::query_as!(
        SiteStock,
        r#"select site_id as "site_id: SiteId", level, tracked_since, anchored_at, counted, last_fact_at
           from stock_levels where company_id = $1 and product_id = $2
           order by site_id nulls first"#,
        company.0,
        product.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(Stock {
        product_id: product,
        level: (!sites.is_empty()).then(|| sites.iter().map(|site| site.level).sum()),
        tracked_since: sites.iter().map(|site| site.tracked_since).min(),
        sites,
    })
}
