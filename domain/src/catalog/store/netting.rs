//! Which sale each cancellation or return undoes: the latest earlier sale of the same customer,
//! product and quantity that no other line undoes. The result is a function of the lines alone,
//! whatever their order of arrival.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::levels::lock_products;
use super::plan::{join_by_hash, joins_as_usual};
use crate::Result;

/// Recomputes the netting of all lines of `products`. Returns how many undoing lines found the sale
/// that they undo.
pub async fn net_sales(
    conn: &mut PgConnection,
    company: CompanyId,
    products: &[Uuid],
) -> Result<u64> {
    lock_products(&mut *conn, company, products).await?;
    let scans_all = are_many_products(&mut *conn, company, products).await?;
    join_by_hash(&mut *conn).await?;
    let netted = sqlx::query_file_scalar!(
        "src/catalog/store/netting.sql",
        company.0,
        products,
        scans_all
    )
    .fetch_one(&mut *conn)
    .await?;
    joins_as_usual(conn).await?;
    Ok(netted.unsigned_abs())
}

/// Nets the products where `lines`, just written or cancelled, can change the netting. An ordinary
/// sale, which no later line could undo, changes nothing.
pub(super) async fn net_lines(
    conn: &mut PgConnection,
    company: CompanyId,
    lines: &[Uuid],
) -> Result<()> {
    let products = sqlx::query_scalar!(
        "select distinct s.product_id from sales s
         where s.company_id = $1 and s.id = any ($2) and s.customer_id is not null
           and (s.kind in ('cancellation', 'return') or exists (
             -- A day earlier, because the company's zone may have changed since.
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

/// Returns whether `products` are more than a quarter of the company's.
async fn are_many_products(
    conn: &mut PgConnection,
    company: CompanyId,
    products: &[Uuid],
) -> Result<bool> {
    let all = sqlx::query_scalar!(
        r#"select count(*) as "all!" from products where company_id = $1"#,
        company.0
    )
    .fetch_one(conn)
    .await?;
    Ok(products.len() * 4 > usize::try_from(all).unwrap_or(usize::MAX))
}
