-- Nets the sale lines of stacks of company $1, and returns how many undoing lines found the sale
-- they undo. A stack is the lines of one product ($2), customer ($3) and size ($4): a sale is
-- pushed, an undoing line pops the top one. $7 of its lines have changed, from $5 to $6.
--
-- A sale that nothing undoes (an open one) separates its stack: what is undone after it was sold
-- after it. So what stands from the first open sale after $6 on stays as it is. Each changed line
-- moves such a border by at most one open sale, so that what stands before the last $7 + 1 open
-- sales before $5 stays too. Only the lines between are read.

with changes as materialized (
  select product_id, customer_id, size, min(since) as since, max(until) as until,
    sum(lines)::bigint as lines
  from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
              $7::bigint[]) as changed (product_id, customer_id, size, since, until, lines)
  group by product_id, customer_id, size
),
stacks as materialized (
  select c.product_id, c.customer_id, c.size, coalesce(below.at, '-infinity') as first,
    coalesce(above.at, 'infinity') as last
  from changes c
  cross join lateral (
    select min(sold_at) filter (where found = c.lines + 1) as at
    from (
      select sold_at, count(*) over () as found from (
        select sold_at from sales
        where company_id = $1 and customer_id = c.customer_id and product_id = c.product_id
          and size = c.size and sold_at < c.since
          and kind = 'sale' and status <> 'cancelled' and netted_quantity = 0
        order by sold_at desc limit c.lines + 1
      ) nearest
    ) counted
  ) below
  left join lateral (
    select sold_at as at from sales
    where company_id = $1 and customer_id = c.customer_id and product_id = c.product_id
      and size = c.size and sold_at > c.until
      and kind = 'sale' and status <> 'cancelled' and netted_quantity = 0
    order by sold_at limit 1
  ) above on true
),
-- A step is +1 for a sale, -1 for an undoing line, 0 for the others.
own as materialized (
  select s.id, t.customer_id, t.product_id, t.size, s.quantity, s.netted_quantity, s.sold_at,
    s.import_key, s.created_at, s.day, s.unit_price, s.amount, s.currency,
    case when s.status = 'cancelled' or s.kind = 'adjustment' then 0
      else sign(s.quantity)::int end as step
  from stacks t
  -- `offset 0` forces an index scan for each stack, whatever the statistics say.
  cross join lateral (
    (select * from sales
     where company_id = $1 and customer_id = t.customer_id and product_id = t.product_id
       and size = t.size and sold_at >= t.first and sold_at < t.last
       and kind = 'sale' and status <> 'cancelled' and netted_quantity = 0
     offset 0)
    union all
    (select * from sales
     where company_id = $1 and customer_id = t.customer_id and product_id = t.product_id
       and size = t.size and sold_at >= t.first and sold_at < t.last
       and (kind in ('cancellation', 'return') or netted_quantity <> 0)
     offset 0)
  ) s
),
-- depth is the height of the stack, counted below zero where an undoing line finds it empty.
depths as (
  select *, sum(step) over w as depth
  from own
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
