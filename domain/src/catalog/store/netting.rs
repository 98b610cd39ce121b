//! Which sale each cancellation or return undoes: the latest earlier sale of the same customer,
//! product and quantity that no other line undoes. The result is a function of the lines alone,
//! whatever their order of arrival.

use platform::ids::{CompanyId, Uuid};
use platform::money::Decimal;
use sqlx::PgConnection;

use super::levels::lock_products;
use crate::Result;

/// The lines of one customer, product and quantity (its size, whatever its sign): netting concerns
/// no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stack {
    pub product_id: Uuid,
    pub customer_id: Uuid,
    pub size: Decimal,
}

/// Recomputes the netting of all lines of `stacks`. Returns how many undoing lines found the sale
/// that they undo.
pub async fn net_stacks(
    conn: &mut PgConnection,
    company: CompanyId,
    stacks: &[Stack],
) -> Result<u64> {
    let products: Vec<_> = stacks.iter().map(|stack| stack.product_id).collect();
    let customers: Vec<_> = stacks.iter().map(|stack| stack.customer_id).collect();
    let sizes: Vec<_> = stacks.iter().map(|stack| stack.size).collect();
    lock_products(&mut *conn, company, &products).await?;
    let netted = sqlx::query_file_scalar!(
        "src/catalog/store/netting.sql",
        company.0,
        &products,
        &customers,
        &sizes,
    )
    .fetch_one(conn)
    .await?;
    Ok(netted.unsigned_abs())
}

/// Nets the stacks where `lines`, just written or cancelled, can change the netting. An ordinary
/// sale, which no later line could undo, changes nothing.
pub(super) async fn net_lines(
    conn: &mut PgConnection,
    company: CompanyId,
    lines: &[Uuid],
) -> Result<()> {
    let stacks = sqlx::query_as!(
        Stack,
        r#"select distinct s.product_id, s.customer_id as "customer_id!",
             abs(s.quantity) as "size!"
           from unnest($2::uuid[]) as written (id)
           join sales s on s.company_id = $1 and s.id = written.id
           where s.customer_id is not null
             and (s.kind in ('cancellation', 'return') or (
               -- A day earlier, because the company's zone may have changed since.
               select u.id from sales u
               where u.company_id = $1 and u.customer_id = s.customer_id
                 and u.product_id = s.product_id and u.day >= s.day - 1
                 and (u.kind in ('cancellation', 'return') or u.netted_quantity <> 0)
               limit 1) is not null)"#,
        company.0,
        lines,
    )
    .fetch_all(&mut *conn)
    .await?;
    if !stacks.is_empty() {
        net_stacks(conn, company, &stacks).await?;
    }
    Ok(())
}
