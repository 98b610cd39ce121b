-- Nets the sale lines of the products $2 of company $1, and returns how many undoing lines found
-- the sale they undo. $3: one pass over all sales of the company is cheaper than an index scan per
-- product.
--
-- The lines of one customer, product and size form a stack: a sale is pushed, an undoing line pops
-- the top one.

with touched as materialized (
  select distinct unnest($2::uuid[]) as product_id
),
-- The lines with a customer. A step is +1 for a sale, -1 for an undoing line, 0 for the others.
own as materialized (
  select id, customer_id, product_id, abs(quantity) as size, quantity, netted_quantity, sold_at,
    import_key, created_at, day, unit_price, amount, currency,
    kind in ('cancellation', 'return') or netted_quantity <> 0 as undoes,
    case when status = 'cancelled' or kind = 'adjustment' then 0 else sign(quantity)::int end
      as step
  from (
    select s.* from touched t join sales s on s.product_id = t.product_id
    where $3 and s.company_id = $1 and s.customer_id is not null
    union all
    select k.* from touched t
    -- `offset 0` forces an index scan per product, whatever the statistics say.
    cross join lateral (
      select * from sales
      where company_id = $1 and product_id = t.product_id and customer_id is not null
      offset 0
    ) k
    where not $3
  ) s
),
-- The stacks on which something is undone; nearly all sales belong to none.
sizes as (
  select distinct customer_id, product_id, size from own where undoes
),
-- depth is the height of the stack, counted below zero where an undoing line finds it empty.
depths as (
  select *, sum(step) over w as depth
  from own join sizes using (customer_id, product_id, size)
  window w as (
    partition by customer_id, product_id, size order by sold_at, step desc, import_key, id)
),
-- low is how far below zero the depth has been, so that depth - low is the true height.
lows as (
  select *,
    least(0, min(depth) over w) as low,
    least(0, min(depth) over (w rows between unbounded preceding and 1 preceding)) as low_before
  from depths
  window w as (
    partition by customer_id, product_id, size order by sold_at, step desc, import_key, id)
),
-- The slot of a sale is the height that it makes, the slot of an undoing line the height that it
-- finds. In one slot, sales and undoing lines alternate, and a sale and the undoing line after it
-- belong together.
slots as (
  select *,
    case
      when step > 0 then depth - low
      when step < 0 and low = low_before then depth - low + 1
    end as slot
  from lows
),
pairs as materialized (
  select *,
    case
      when slot is null then 0
      when step < 0 then quantity
      when lead(step) over w < 0 then quantity
      else 0
    end as netted
  from slots
  window w as (
    partition by customer_id, product_id, size, slot order by sold_at, step desc, import_key, id)
),
-- An update by the primary key, whatever the statistics say: each of these rows exists.
changed as (
  insert into sales (company_id, id, sold_at, created_at, day, product_id, quantity, unit_price,
    amount, currency, netted_quantity)
  select $1, id, sold_at, created_at, day, product_id, quantity, unit_price, amount, currency,
    netted
  from pairs
  where netted_quantity <> netted
  on conflict (company_id, id) do update set netted_quantity = excluded.netted_quantity
)
select count(*) filter (where netted < 0) as "netted!" from pairs
