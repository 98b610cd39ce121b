//! Which sale each cancellation or return undoes (`rules.md` 2): the latest earlier one of its customer,
//! product and quantity that no other undoes. A function of the lines alone, whatever their order of arrival.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::levels::lock_products;
use super::plan::{join_by_hash, joins_as_usual};
use crate::Result;

/// Nets all lines of `products` anew; answers how many undoing lines have found theirs.
///
/// # Errors
/// The database's.
pub async fn net_sales(
    conn: &mut PgConnection,
    company: CompanyId,
    products: &[Uuid],
) -> Result<u64> {
    lock_products(&mut *conn, company, products).await?;
    let reads_all = are_most(&mut *conn, company, products).await?;
    join_by_hash(&mut *conn).await?;
    let netted = sqlx::query_file_scalar!(
        "src/catalog/store/netting.sql",
        company.0,
        products,
        reads_all
    )
    .fetch_one(&mut *conn)
    .await?;
    joins_as_usual(conn).await?;
    Ok(u64::try_from(netted).unwrap_or(0))
}

/// Nets what these lines, just written or cancelled, can change: nothing for a sale that no later line could
/// undo, which is nearly every one.
pub(super) async fn net_around(
    conn: &mut PgConnection,
    company: CompanyId,
    lines: &[Uuid],
) -> Result<()> {
    let products = sqlx::query_scalar!(
        "select distinct s.product_id from sales s
         where s.company_id = $1 and s.id = any ($2) and s.customer_id is not null
           and (s.kind in ('cancellation', 'return') or exists (
             -- A day earlier, as the company's zone may have changed since.
             select from sales u
             where u.company_id = $1 and u.product_id = s.product_id and u.day >= s.day - 1
               and u.customer_id = s.customer_id and u.kind in ('cancellation', 'return')))",
        company.0,
        lines,
    )
    .fetch_all(&mut *conn)
    .await?;
    if !products.is_empty() {
        net_sales(conn, company, &products).await?;
    }
    Ok(())
}

async fn are_most(conn: &mut PgConnection, company: CompanyId, products: &[Uuid]) -> Result<bool> {
    let all = sqlx::query_scalar!(
        r#"select count(*) as "all!" from products where company_id = $1"#,
        company.0
    )
    .fetch_one(conn)
    .await?;
    Ok(products.len() * 4 > usize::try_from(all).unwrap_or(usize::MAX))
}
