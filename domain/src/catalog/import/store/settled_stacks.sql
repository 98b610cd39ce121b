-- The stacks (lines of one product, customer and size) whose netting the sales of import $2 can
-- change, with the times and number of these sales, and how many facts the import added. Their ids
-- are from $3 to before $4. $5: join with all undoing and undone lines of the company instead of
-- looking for them line by line.
with written as materialized (
  select customer_id, product_id, size, sold_at,
    kind in ('cancellation', 'return') as undoes
  from sales where company_id = $1 and id >= $3 and id < $4 and import_id = $2
),
counted as (
  select count(*) as found from stock_movements
  where company_id = $1 and id >= $3 and id < $4 and import_id = $2
),
-- Sales that the import changed, as they were.
former as materialized (
  select row_id, (previous ->> 'customer_id')::uuid as customer_id,
    (previous ->> 'product_id')::uuid as product_id,
    (abs((previous ->> 'quantity')::numeric) * 1000)::bigint as size,
    (previous ->> 'sold_at')::timestamptz as sold_at
  from import_changes
  where company_id = $1 and import_id = $2 and previous ? 'sold_at'
),
undone as materialized (
  select distinct customer_id, product_id, size from sales
  where $5 and company_id = $1 and customer_id is not null
    and (kind in ('cancellation', 'return') or netted_quantity <> 0)
),
lines as (
  select customer_id, product_id, size, sold_at, undoes from written
  union all
  select s.customer_id, s.product_id, s.size, s.sold_at, true from sales s
  where s.company_id = $1 and s.id in (select row_id from former)
  union all
  select customer_id, product_id, size, sold_at, true from former
),
stacks as (
  select customer_id, product_id, size, min(sold_at) as since, max(sold_at) as until,
    count(*) as lines,
    bool_or(undoes) as has_undoing
  from lines
  where customer_id is not null
  group by customer_id, product_id, size
)
select (select count(*) from written) + (select found from counted) as "found!",
  s.customer_id as "customer_id?", s.product_id as "product_id?", s.size as "size?",
  s.since as "since?", s.until as "until?", s.lines as "lines?"
from (values (true)) as always (present)
left join (
  select s.*
  from stacks s
  left join undone u using (customer_id, product_id, size)
  where s.has_undoing or u.size is not null or not $5 and (
    select u.id from sales u
    where u.company_id = $1 and u.customer_id = s.customer_id and u.product_id = s.product_id
      and u.size = s.size and u.sold_at >= s.since
      and (u.kind in ('cancellation', 'return') or u.netted_quantity <> 0)
    limit 1) is not null
) s on always.present
