-- A sale goes onto a stack, an undoing line takes the top one off. depth is the stack's height, counted below
-- zero where an undoing line finds it empty; low is how far below, so that depth - low is the true height. A
-- sale's slot is the height it makes, an undoing line's the height it finds: in one slot sales and undoing
-- lines follow each other in turn, and the two that follow each other belong together.
with sizes as materialized (
  select distinct customer_id, product_id, abs(quantity) as size
  from sales
  where company_id = $1 and product_id = any ($2) and customer_id is not null
    and (kind in ('cancellation', 'return') or netted_quantity <> 0)
), lines as (
  select s.id, s.quantity, s.netted_quantity, s.sold_at, s.import_key, g.customer_id, g.product_id, g.size,
    case when s.status = 'cancelled' or s.kind = 'adjustment' then 0 else sign(s.quantity)::int end as step
  from sizes g
  -- $3: one pass over all of the company's sales; else each product's by its index.
  join (
    select id, quantity, netted_quantity, sold_at, import_key, customer_id, product_id, status, kind
    from sales where $3 and company_id = $1 and customer_id is not null
    union all
    select k.*
    from (select distinct product_id from sizes) p
    cross join lateral (
      select id, quantity, netted_quantity, sold_at, import_key, customer_id, product_id, status, kind
      from sales where company_id = $1 and product_id = p.product_id and customer_id is not null
      offset 0
    ) k
    where not $3
  ) s on s.customer_id = g.customer_id and s.product_id = g.product_id and abs(s.quantity) = g.size
), depths as (
  select *, sum(step) over w as depth
  from lines
  window w as (partition by customer_id, product_id, size order by sold_at, step desc, import_key, id)
), lows as (
  select *,
    least(0, min(depth) over w) as low,
    least(0, min(depth) over (w rows between unbounded preceding and 1 preceding)) as low_before
  from depths
  window w as (partition by customer_id, product_id, size order by sold_at, step desc, import_key, id)
), slots as (
  select *,
    case
      when step > 0 then depth - low
      when step < 0 and low = low_before then depth - low + 1
    end as slot
  from lows
), pairs as (
  select id, netted_quantity,
    case
      when slot is null then 0
      when step < 0 then quantity
      when lead(step) over w < 0 then quantity
      else 0
    end as netted
  from slots
  window w as (partition by customer_id, product_id, size, slot order by sold_at, step desc, import_key, id)
)
update sales s set netted_quantity = p.netted
from pairs p
where s.company_id = $1 and s.id = p.id and p.netted_quantity <> p.netted
  and s.id = any (array(select id from pairs where netted_quantity <> netted))
