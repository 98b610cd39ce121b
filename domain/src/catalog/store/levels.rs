//! The cache of levels: how it follows the facts, and how it is read.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use crate::catalog::stock::SiteStock;
use crate::catalog::{ProductId, Stock};
use crate::{Error, Result};

/// Facts by their ids; ids without a fact are skipped.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::catalog) struct FactIds<'a> {
    pub(in crate::catalog) sales: &'a [Uuid],
    pub(in crate::catalog) movements: &'a [Uuid],
}

/// Whether facts come into the levels or leave them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    In = 1,
    Out = -1,
}

/// Recomputes the levels of `products` from the facts, in two statements for any number of
/// products. Returns how many levels changed or appeared. For facts that changed or went; those
/// that are recorded move the levels by themselves.
pub async fn recompute_levels(
    conn: &mut PgConnection,
    company: CompanyId,
    products: &[Uuid],
) -> Result<u64> {
    lock_products(&mut *conn, company, products).await?;
    anchor_levels(conn, company, products, true).await
}

/// Adds `facts` of `products`, just written in this transaction, to the levels. Its cost does not
/// grow with the number of facts. A transaction that writes facts calls it after its writes, so
/// that facts and cache commit together.
pub(in crate::catalog) async fn add_to_levels(
    conn: &mut PgConnection,
    company: CompanyId,
    products: &[Uuid],
    facts: FactIds<'_>,
) -> Result<()> {
    lock_products(&mut *conn, company, products).await?;
    apply_facts(&mut *conn, company, products, facts, Direction::In).await?;
    let anchored = list_anchored(&mut *conn, company, facts.movements).await?;
    if !anchored.is_empty() {
        anchor_levels(conn, company, &anchored, false).await?;
    }
    Ok(())
}

/// Takes a sale of `product`, just cancelled in this transaction, out of the levels.
pub(in crate::catalog) async fn take_from_levels(
    conn: &mut PgConnection,
    company: CompanyId,
    product: Uuid,
    sale: Uuid,
) -> Result<()> {
    let facts = FactIds {
        sales: &[sale],
        movements: &[],
    };
    lock_products(&mut *conn, company, &[product]).await?;
    apply_facts(conn, company, &[product], facts, Direction::Out).await
}

async fn apply_facts(
    conn: &mut PgConnection,
    company: CompanyId,
    products: &[Uuid],
    facts: FactIds<'_>,
    direction: Direction,
) -> Result<()> {
    sqlx::query_file!(
        "src/catalog/store/apply_facts.sql",
        company.0,
        products,
        facts.sales,
        facts.movements,
        direction as i32,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the products of those `movements` from which a level may be computed.
async fn list_anchored(
    conn: &mut PgConnection,
    company: CompanyId,
    movements: &[Uuid],
) -> Result<Vec<Uuid>> {
    let products = sqlx::query_scalar!(
        "select distinct m.product_id
         from unnest($2::uuid[]) as written (id)
         join stock_movements m on m.company_id = $1 and m.id = written.id
         where m.kind in ('count', 'entry')",
        company.0,
        movements,
    )
    .fetch_all(conn)
    .await?;
    Ok(products)
}

/// Computes the levels of `products` whose anchor changed, or all of them.
async fn anchor_levels(
    conn: &mut PgConnection,
    company: CompanyId,
    products: &[Uuid],
    all: bool,
) -> Result<u64> {
    let written = sqlx::query_file!("src/catalog/store/levels.sql", company.0, products, all)
        .execute(conn)
        .await?;
    Ok(written.rows_affected())
}

/// Locks the products' rows, in one order, to the end of the transaction. A second transaction that
/// computes from a product's facts waits until the first has committed, and sees its facts.
pub(in crate::catalog) async fn lock_products(
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
        r#"select site_id as "site_id: _", level, tracked_since, anchored_at, counted
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
