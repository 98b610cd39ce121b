-- $1 company, $2 products, $3 whether one pass over all of the company's sales is cheaper than each product's by
-- its index. Answers how many undoing lines have found theirs.
-- A sale goes onto a stack, an undoing line takes the top one off. depth is the stack's height, counted below
-- zero where an undoing line finds it empty; low is how far below, so that depth - low is the true height. A
-- sale's slot is the height it makes, an undoing line's the height it finds: in one slot sales and undoing
-- lines follow each other in turn, and the two that follow each other belong together.
with touched as materialized (
  select distinct unnest($2::uuid[]) as product_id
), own as materialized (
  select id, customer_id, product_id, abs(quantity) as size, quantity, netted_quantity, sold_at, import_key,
    created_at, day, unit_price, amount, currency,
    kind in ('cancellation', 'return') or netted_quantity <> 0 as undoes,
    case when status = 'cancelled' or kind = 'adjustment' then 0 else sign(quantity)::int end as step
  from (
    select s.* from touched t join sales s on s.product_id = t.product_id
    where $3 and s.company_id = $1 and s.customer_id is not null
    union all
    select k.* from touched t
    cross join lateral (
      select * from sales
      where company_id = $1 and product_id = t.product_id and customer_id is not null
      offset 0
    ) k
    where not $3
  ) s
), sizes as (
  select distinct customer_id, product_id, size from own where undoes
), depths as (
  select *, sum(step) over w as depth
  from own join sizes using (customer_id, product_id, size)
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
), pairs as materialized (
  select *,
    case
      when slot is null then 0
      when step < 0 then quantity
      when lead(step) over w < 0 then quantity
      else 0
    end as netted
  from slots
  window w as (partition by customer_id, product_id, size, slot order by sold_at, step desc, import_key, id)
), changed as (
  -- An update, row by row whatever the statistics say: each of these rows is there.
  insert into sales (company_id, id, sold_at, created_at, day, product_id, quantity, unit_price, amount, currency,
    netted_quantity)
  select $1, id, sold_at, created_at, day, product_id, quantity, unit_price, amount, currency, netted
  from pairs
  where netted_quantity <> netted
  on conflict (company_id, id) do update set netted_quantity = excluded.netted_quantity
)
select count(*) filter (where netted < 0) as "netted!" from pairs
