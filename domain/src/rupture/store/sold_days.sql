-- The units and the turnover of each product and day from $1 to $2, the last day with sales. Later
-- returns, up to $4, count on $2. Turnover is in the currency $3.
select d.product_id as "product_id!",
  coalesce(p.lead_time_days, s.lead_time_days, 7) as "lead_time_days!",
  d.day as "day!", d.units as "units!", d.paid_units as "paid_units!",
  d.is_priced as "is_priced!", d.turnover as "turnover!"
from (
  select product_id, day, sum(units)::float8 as units,
    coalesce(sum(units) filter (where is_paid), 0)::float8 as paid_units,
    bool_or(is_priced) as is_priced,
    coalesce(sum(units * unit_price)
      filter (where currency = $3), 0)::float8 as turnover
  from (
    select product_id, least(day, $2) as day, quantity - netted_quantity as units,
      unit_price, currency, unit_price > 0 as is_paid, quantity > 0 and unit_price > 0 as is_priced
    from sales
    where day between $1 and $4 and status = 'delivered' and kind in ('sale', 'return')
    union all
    -- Of a movement no price is known.
    select product_id, least(day, $2), -quantity, 0, '', true, false
    from stock_movements
    where kind = 'return' and day between $1 and $4
  ) moved
  group by product_id, day) d
join products p on p.id = d.product_id
left join suppliers s on s.company_id = p.company_id and s.id = p.supplier_id
order by d.product_id, d.day
