//! Which sale each cancellation or return undoes: the latest earlier sale of the same customer,
//! product and quantity that no other line undoes. The result is a function of the lines alone,
//! whatever their order of arrival.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::levels::lock_products;
use crate::Result;

/// Changed lines of one stack. A stack is the lines of one customer, product and quantity (its
/// size, whatever its sign): netting concerns no others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StackChange {
    pub product_id: Uuid,
    pub customer_id: Uuid,
    /// In thousandths of a unit.
    pub size: i64,
    /// The time of the first of these lines.
    pub since: DateTime<Utc>,
    /// The time of the last of these lines.
    pub until: DateTime<Utc>,
    /// How many they are.
    pub lines: i64,
}

/// Nets the stacks whose lines were written, changed or deleted. Returns how many undoing lines
/// among the lines that it read found the sale that they undo.
pub async fn net_stacks(
    conn: &mut PgConnection,
    company: CompanyId,
    changes: &[StackChange],
) -> Result<u64> {
    let products: Vec<_> = changes.iter().map(|change| change.product_id).collect();
    let customers: Vec<_> = changes.iter().map(|change| change.customer_id).collect();
    let sizes: Vec<_> = changes.iter().map(|change| change.size).collect();
    let since: Vec<_> = changes.iter().map(|change| change.since).collect();
    let until: Vec<_> = changes.iter().map(|change| change.until).collect();
    let lines: Vec<_> = changes.iter().map(|change| change.lines).collect();
    lock_products(&mut *conn, company, &products).await?;
    let netted = sqlx::query_file_scalar!(
        "src/catalog/store/netting.sql",
        company.0,
        &products,
        &customers,
        &sizes,
        &since,
        &until,
        &lines,
    )
    .fetch_one(conn)
    .await?;
    Ok(netted.unsigned_abs())
}

/// Lists the returns and cancellations of `products` that undo a sale.
pub(in crate::catalog) async fn list_undoing_lines(
    conn: &mut PgConnection,
    company: CompanyId,
    products: &[Uuid],
) -> Result<Vec<Uuid>> {
    let lines = sqlx::query_scalar!(
        r#"select undoing.id as "id!"
           from unnest($2::uuid[]) as concerned (id)
           cross join lateral (
             select s.id from sales s
             where s.company_id = $1 and s.product_id = concerned.id
               and s.kind in ('return', 'cancellation') and s.netted_quantity <> 0
             offset 0
           ) undoing"#,
        company.0,
        products,
    )
    .fetch_all(conn)
    .await?;
    Ok(lines)
}

/// Counts those of `lines` that undo no sale any more.
pub(in crate::catalog) async fn count_orphans(
    conn: &mut PgConnection,
    company: CompanyId,
    lines: &[Uuid],
) -> Result<i64> {
    let orphans = sqlx::query_scalar!(
        r#"select count(*) as "orphans!" from sales
           where company_id = $1 and id = any ($2) and netted_quantity = 0"#,
        company.0,
        lines,
    )
    .fetch_one(conn)
    .await?;
    Ok(orphans)
}

/// Nets the stacks where `lines`, just written or cancelled, can change the netting. An ordinary
/// sale, which no later line could undo, changes nothing.
pub(super) async fn net_lines(
    conn: &mut PgConnection,
    company: CompanyId,
    lines: &[Uuid],
) -> Result<()> {
    let changes = sqlx::query_as!(
        StackChange,
        r#"select s.product_id, s.customer_id as "customer_id!", s.size,
             min(s.sold_at) as "since!", max(s.sold_at) as "until!", count(*) as "lines!"
           from unnest($2::uuid[]) as written (id)
           join sales s on s.company_id = $1 and s.id = written.id
           where s.customer_id is not null
           group by s.product_id, s.customer_id, s.size
           having bool_or(s.kind in ('cancellation', 'return') or s.netted_quantity <> 0)
             or (
               select u.id from sales u
               where u.company_id = $1 and u.customer_id = s.customer_id
                 and u.product_id = s.product_id and u.size = s.size
                 and u.sold_at >= min(s.sold_at) filter (where s.status <> 'cancelled')
                 and (u.kind in ('cancellation', 'return') or u.netted_quantity <> 0)
               limit 1) is not null"#,
        company.0,
        lines,
    )
    .fetch_all(&mut *conn)
    .await?;
    if !changes.is_empty() {
        net_stacks(conn, company, &changes).await?;
    }
    Ok(())
}
