//! The number of units of a sale that were returned, by a sale line or by a movement.

use platform::ids::CompanyId;
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
    let netted_with = sale.customer_id.filter(|_| !sale.netted_quantity.is_zero());
    let returned = sqlx::query_scalar!(
        r#"with facts as (
             select sold_at as at, netted_quantity - quantity as undone from sales
             where $7::uuid is null and company_id = $1 and product_id = $2 and id <> $3
               and day >= $5::date - $6::int and status <> 'cancelled' and kind <> 'adjustment'
             union all
             select sold_at, -quantity from sales
             where company_id = $1 and product_id = $2 and id <> $3 and customer_id = $7
               and abs(quantity) = $8 and status <> 'cancelled' and kind <> 'adjustment'
             union all
             select at, quantity from stock_movements
             where $7::uuid is null and company_id = $1 and product_id = $2 and kind = 'return'
               and at >= $4::timestamptz - make_interval(days => $6)
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
        netted_with.map(|customer| customer.0),
        sale.quantity,
    )
    .fetch_one(conn)
    .await?;
    Ok(returned.clamp(Decimal::ZERO, sale.quantity.max(Decimal::ZERO)))
}
