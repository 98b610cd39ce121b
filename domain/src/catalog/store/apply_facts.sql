-- Adds the facts $3 (sales) and $4 (movements) of company $1 to the levels of products $2, or takes
-- them out of it ($5 = -1), without reading any other fact. The rule is in
-- domain/src/catalog/stock.rs. Counts and first entries move nothing here: levels.sql follows
-- them. "No site" is the nil id.
with known as materialized (
  select product_id, coalesce(site_id, '00000000-0000-0000-0000-000000000000') as site, level,
    anchored_at, anchor_id, counted, tracked_since
  from stock_levels
  where company_id = $1 and product_id = any ($2)
),
-- Where sites are counted and the stock without a site is not, that stock begins at zero with the
-- latest of their counts.
rows as (
  select * from known
  union all
  select product_id, '00000000-0000-0000-0000-000000000000', 0, max(anchored_at), null, true,
    max(anchored_at)
  from known
  group by product_id having bool_and(site <> '00000000-0000-0000-0000-000000000000')
),
facts as (
  select s.product_id, s.site_id, s.sold_at as at, s.stock_rule is not null as always,
    case s.kind when 'adjustment' then s.quantity else -s.quantity end as change
  from unnest($3::uuid[]) as sold (id)
  join sales s on s.company_id = $1 and s.id = sold.id
  where s.stock_rule is distinct from 'none' and (s.status <> 'cancelled' or $5 < 0)
  union all
  select m.product_id, m.site_id, m.at, false, m.quantity
  from unnest($4::uuid[]) as moved (id)
  join stock_movements m on m.company_id = $1 and m.id = moved.id
  where m.kind <> 'count'
),
-- A fact bears on its site if the site was tracked by then, else on the stock without a site.
changes as (
  select r.product_id, r.site, r.anchor_id, r.anchored_at, r.counted, r.tracked_since,
    r.level + $5 * sum(f.change) as level
  from facts f
  left join known own
    on own.product_id = f.product_id and own.site = f.site_id
   and (f.always or f.at >= own.tracked_since)
  join rows r
    on r.product_id = f.product_id
   and r.site = coalesce(own.site, '00000000-0000-0000-0000-000000000000')
   and (f.always or f.at > r.anchored_at or f.at = r.anchored_at and not r.counted)
  group by r.product_id, r.site, r.anchor_id, r.anchored_at, r.counted, r.tracked_since, r.level
),
-- A beginning at zero makes a level only where something moved it.
vanished as (
  delete from stock_levels k
  using changes c
  where c.anchor_id is null and c.level = 0
    and k.company_id = $1 and k.product_id = c.product_id and k.site_id is null
)
insert into stock_levels as k
  (company_id, product_id, site_id, level, tracked_since, anchored_at, anchor_id, counted,
   updated_at)
select $1, product_id, nullif(site, '00000000-0000-0000-0000-000000000000'), level, tracked_since,
  anchored_at, anchor_id, counted, engine_now()
from changes
where anchor_id is not null or level <> 0
on conflict (company_id, product_id, site_id) do update
  set level = excluded.level, updated_at = excluded.updated_at
  where k.level <> excluded.level
