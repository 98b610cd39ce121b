-- The stacks (lines of one product, customer and size) whose netting the sales of import $2 can
-- change, and how many facts the import added. Their ids are from $3 to before $4. $5: join with all
-- undoing and undone lines of the company instead of looking for them line by line.
with written as materialized (
  select customer_id, product_id, abs(quantity) as size, day,
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
    (previous ->> 'product_id')::uuid as product_id, abs((previous ->> 'quantity')::numeric) as size
  from import_changes
  where company_id = $1 and import_id = $2 and previous ? 'sold_at'
),
lines as (
  select * from written where customer_id is not null
  union all
  select s.customer_id, s.product_id, abs(s.quantity), s.day, true from sales s
  where s.company_id = $1 and s.id in (select row_id from former) and s.customer_id is not null
),
undone as materialized (
  select distinct customer_id, product_id, abs(quantity) as size from sales
  where $5 and company_id = $1 and customer_id is not null
    and (kind in ('cancellation', 'return') or netted_quantity <> 0)
),
stacks as (
  select customer_id, product_id, size from lines where undoes
  union
  select customer_id, product_id, size from lines join undone using (customer_id, product_id, size)
  union
  select customer_id, product_id, size from lines l
  where not $5 and (
    -- A day earlier, because the company's zone may have changed since.
    select u.id from sales u
    where u.company_id = $1 and u.customer_id = l.customer_id and u.product_id = l.product_id
      and u.day >= l.day - 1 and (u.kind in ('cancellation', 'return') or u.netted_quantity <> 0)
    limit 1) is not null
  union
  select customer_id, product_id, size from former where customer_id is not null
)
select (select count(*) from written) + (select found from counted) as "found!",
  s.customer_id as "customer_id?", s.product_id as "product_id?", s.size as "size?"
from (values (true)) as always (present)
left join stacks s on always.present
