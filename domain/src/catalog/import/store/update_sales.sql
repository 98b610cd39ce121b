-- Updates the sales of known keys that differ from the staged lines after $3 up to $4; returns
-- their number.
--
-- differing: an empty status leaves the sale's, unless another file cancelled it by leaving it out.
-- What a person cancelled stays so. A line whose occurrence is lost may only add a sale, never
-- change one.
with differing as (
  select s.id, p.id as product_id, c.id as customer_id, t.id as site_id, l.quantity, l.unit_price,
    l.amount, l.currency, l.sold_at, l.day, l.kind, w.status,
    l.document, describe_sale(s) as previous
  from staging.sale_lines l
  -- `offset 0` keeps this a look-up by index for each line, whatever the statistics claim.
  cross join lateral (
    select * from sales k where k.company_id = $1 and k.import_key = l.key offset 0
  ) s
  cross join lateral (
    select case
      when s.cancelled_at is not null then s.status
      when l.by_day and s.status = 'cancelled' then coalesce(l.status, 'delivered')
      else coalesce(l.status, s.status)
    end as status
  ) w
  join products p on p.company_id = $1 and p.sku_key = l.sku_key
  left join customers c on c.company_id = $1 and c.external_ref = l.customer
  left join sites t on t.company_id = $1 and t.name_key = l.site_key
  where l.import_id = $2 and l.line > $3 and l.line <= $4 and not l.lost_occurrence
    and (s.product_id, s.customer_id, s.site_id, s.quantity, s.unit_price, s.amount, s.currency,
         s.sold_at, s.day, s.kind, s.status, s.document)
      is distinct from (p.id, c.id, t.id, l.quantity, l.unit_price, l.amount, l.currency,
         l.sold_at, l.day, l.kind, w.status, l.document)
),
-- kept: what a sale was before this import first changed it.
kept as (
  insert into import_changes (company_id, import_id, row_id, previous)
  select $1, $2, id, previous from differing
  on conflict (company_id, import_id, row_id) do nothing
),
-- changed: an update in the form of an insert, because `on conflict` finds each row by its key
-- whatever the statistics claim. Every row exists, so nothing is inserted. No netting of
-- the sale as it was remains.
changed as (
  insert into sales as s (
    company_id, id, product_id, customer_id, site_id, quantity, unit_price, amount, currency,
    sold_at, created_at, day, kind, status, document, import_id
  )
  select $1, id, product_id, customer_id, site_id, quantity, unit_price, amount, currency,
    sold_at, sold_at, day, kind, status, document, $2
  from differing
  on conflict (company_id, id) do update set
    product_id = excluded.product_id, customer_id = excluded.customer_id,
    site_id = excluded.site_id, quantity = excluded.quantity, unit_price = excluded.unit_price,
    amount = excluded.amount, currency = excluded.currency, sold_at = excluded.sold_at,
    day = excluded.day, kind = excluded.kind, status = excluded.status,
    document = excluded.document, netted_quantity = 0, import_id = excluded.import_id
  returning 1
)
select count(*) as "count!" from changed
