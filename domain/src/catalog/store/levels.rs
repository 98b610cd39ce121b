//! The cache of levels: how it follows the facts, and how it is read.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use crate::catalog::stock::SiteStock;
use crate::catalog::{ProductId, Stock};
use crate::{Error, Result};

/// Recomputes the levels of `products` from the facts, in two statements for any number of
/// products. Returns how many levels changed or appeared. Every transaction that writes or cancels
/// facts calls it after its writes, so that facts and cache commit together.
pub async fn recompute_levels(
    conn: &mut PgConnection,
    company: CompanyId,
    products: &[Uuid],
) -> Result<u64> {
    lock_products(&mut *conn, company, products).await?;
    let written = sqlx::query_file!("src/catalog/store/levels.sql", company.0, products)
        .execute(conn)
        .await?;
    Ok(written.rows_affected())
}

/// Locks the products' rows, in one order, to the end of the transaction. A second transaction that
/// computes from a product's facts waits until the first has committed, and sees its facts.
pub(super) async fn lock_products(
    conn: &mut PgConnection,
    company: CompanyId,
    products: &[Uuid],
) -> Result<()> {
    sqlx::query!(
        "select from products
         where company_id = $1 and id = any ($2) order by id for no key update",
        company.0,
        products,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the stock of a product; its level is unknown if the product is not tracked. Fails with
/// `NotFound` if the company has no such product.
pub async fn find_stock(
    conn: &mut PgConnection,
    company: CompanyId,
    product: ProductId,
) -> Result<Stock> {
    let exists = sqlx::query_scalar!(
        r#"select exists (select from products where company_id = $1 and id = $2) as "exists!""#,
        company.0,
        product.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    if !exists {
        return Err(Error::NotFound("product"));
    }
    let sites = sqlx::query_as!(
        SiteStock,
        r#"select site_id as "site_id: _", level, tracked_since, anchored_at, counted, last_fact_at
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
