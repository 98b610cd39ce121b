//! The number of units of a sale that were returned, by a sale line or by a movement.

use platform::ids::{CompanyId, Uuid};
use platform::money::Decimal;
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::Sale;

/// Earlier sales that a return may belong to are looked for in this many days.
const SEARCHED_DAYS: i32 = 90;

/// Returns the units that came back and that no other sale explains: of a line that its netting
/// found, no other one of its customer and quantity; else no other one of its product. They are the
/// returns after the line that exceed all those sales by then.
pub(super) async fn count_returned_units(
    conn: &mut PgConnection,
    company: CompanyId,
    sale: &Sale,
) -> Result<Decimal> {
    let returned = match sale.customer_id {
        Some(customer) if !sale.netted_quantity.is_zero() => {
            count_in_stack(conn, company, sale, customer.0).await?
        }
        _ if has_later_return(&mut *conn, company, sale).await? => {
            count_in_product(conn, company, sale).await?
        }
        _ => Decimal::ZERO,
    };
    Ok(returned.clamp(Decimal::ZERO, sale.quantity.max(Decimal::ZERO)))
}

/// Counts among the lines of the sale's stack of netting. What stands before the latest earlier
/// sale that nothing undoes, or after the first later one, explains nothing here and isn't read
/// (netting.sql says why).
async fn count_in_stack(
    conn: &mut PgConnection,
    company: CompanyId,
    sale: &Sale,
    customer: Uuid,
) -> Result<Decimal> {
    let returned = sqlx::query_scalar!(
        r#"with open as not materialized (
             select id, sold_at from sales
             where company_id = $1 and customer_id = $5 and product_id = $2
               and size = ($6::numeric * 1000)::bigint
               and kind = 'sale' and status <> 'cancelled' and netted_quantity = 0
           ),
           border as materialized (
             select coalesce((select max(sold_at) from open where sold_at < $4), '-infinity')
                 as first,
               coalesce((select min(sold_at) from open where sold_at > $4), 'infinity') as last
           ),
           facts as (
             select sold_at as at, -$6::numeric as undone from open
             where sold_at >= (select first from border) and sold_at < (select last from border)
             union all
             select sold_at, -quantity from sales
             where company_id = $1 and customer_id = $5 and product_id = $2
               and size = ($6::numeric * 1000)::bigint and id <> $3
               and sold_at >= (select first from border) and sold_at < (select last from border)
               and (kind in ('cancellation', 'return') or netted_quantity <> 0)
               and status <> 'cancelled' and kind <> 'adjustment'
           ),
           -- Of one instant, what was sold comes before what came back.
           running as (
             select at, sum(undone) over (order by at, undone) as undone from facts
           )
           select coalesce(max(undone) filter (where at >= $4), 0)
             - greatest(0, max(undone) filter (where at < $4)) as "returned!"
           from running"#,
        company.0,
        sale.product_id.0,
        sale.id.0,
        sale.sold_at,
        customer,
        sale.quantity,
    )
    .fetch_one(conn)
    .await?;
    Ok(returned)
}

/// Returns whether anything of the product came back since the day of the sale, other than by a
/// line that netting explains.
async fn has_later_return(
    conn: &mut PgConnection,
    company: CompanyId,
    sale: &Sale,
) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select has_unexplained_return(s) as "found!"
           from sales s where s.company_id = $1 and s.id = $2"#,
        company.0,
        sale.id.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(found)
}

async fn count_in_product(
    conn: &mut PgConnection,
    company: CompanyId,
    sale: &Sale,
) -> Result<Decimal> {
    let returned = sqlx::query_scalar!(
        r#"with facts as (
             select sold_at as at, netted_quantity - quantity as undone from sales
             where company_id = $1 and product_id = $2 and id <> $3
               and day >= $5::date - $6::int and status <> 'cancelled' and kind <> 'adjustment'
             union all
             select at, quantity from stock_movements
             where company_id = $1 and product_id = $2 and kind = 'return'
               and day >= $5::date - $6::int
           ),
           -- Of one instant, what was sold comes before what came back.
           running as (
             select at, sum(undone) over (order by at, undone) as undone from facts
           )
           select coalesce(max(undone) filter (where at >= $4), 0)
             - greatest(0, max(undone) filter (where at < $4)) as "returned!"
           from running"#,
        company.0,
        sale.product_id.0,
        sale.id.0,
        sale.sold_at,
        sale.day,
        SEARCHED_DAYS,
    )
    .fetch_one(conn)
    .await?;
    Ok(returned)
}
