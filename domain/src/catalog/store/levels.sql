-- Recomputes the levels of the products $2 of company $1. The rule is in
-- domain/src/catalog/stock.rs. "No site" is the nil id here, so that joins on the site can hash.

-- Each tracked site's anchor: its latest count, else its first entry. `since` is when tracking
-- began.
with own as (
  select distinct on (product_id, site) *
  from (
    select product_id, coalesce(site_id, '00000000-0000-0000-0000-000000000000') as site,
           kind = 'count' as counted, at, id, quantity,
           min(at) over (partition by product_id,
             coalesce(site_id, '00000000-0000-0000-0000-000000000000')) as since
    from stock_movements
    where company_id = $1 and product_id = any ($2) and kind in ('count', 'entry')
  ) anchoring
  order by product_id, site, counted desc,
           case when counted then at end desc, case when counted then id end desc, at, id
),
-- Where sites are tracked and the stock without a site is not, that stock begins at zero.
anchors as (
  select * from own
  union all
  select product_id, '00000000-0000-0000-0000-000000000000', true, max(at),
         'ffffffff-ffff-ffff-ffff-ffffffffffff', 0, max(at)
  from own
  group by product_id having bool_and(site <> '00000000-0000-0000-0000-000000000000')
),
-- Each product's earliest anchor. The day bounds the index scan on sales; a zone is at most 14
-- hours from UTC.
first as materialized (
  select product_id, min(at) as at, (min(at) at time zone 'UTC')::date - 1 as day
  from anchors group by product_id
),
-- What may move a level: movements, sales since the first anchor, and sales that move any level.
facts as (
  select product_id, site_id, at, id, false as sale, false as always, quantity as change
  from stock_movements
  where company_id = $1 and product_id = any ($2) and kind <> 'count'
  union all
  select s.product_id, s.site_id, s.sold_at, s.id, true, false,
         case s.kind when 'adjustment' then s.quantity else -s.quantity end
  from first
  join sales s on s.company_id = $1 and s.product_id = first.product_id
              and s.day >= first.day and s.sold_at >= first.at
  where s.status <> 'cancelled' and s.stock_rule is null
  union all
  select product_id, site_id, sold_at, id, true, true,
         case kind when 'adjustment' then quantity else -quantity end
  from sales
  where company_id = $1 and product_id = any ($2) and status <> 'cancelled' and stock_rule = 'all'
),
-- A fact bears on its site if the site was tracked by then, else on the stock without a site.
placed as (
  select f.product_id, f.at, f.id, f.sale, f.always, f.change,
         coalesce(o.site, '00000000-0000-0000-0000-000000000000') as site
  from facts f
  left join own o
    on o.product_id = f.product_id and o.site = f.site_id and (f.always or f.at >= o.since)
),
-- What moved after each anchor. A count stands after the facts of its instant.
sums as (
  select a.product_id, a.site, sum(p.change) as change, max(p.at) as last_at
  from anchors a
  join placed p
    on p.product_id = a.product_id and p.site = a.site
   and (p.always or p.at > a.at or p.at = a.at and not a.counted and p.id <> a.id)
  group by a.product_id, a.site
),
-- An invented anchor (the id of all f) makes a level only if a fact moved it.
levels as (
  select a.product_id, a.site,
         nullif(a.site, '00000000-0000-0000-0000-000000000000') as site_id, a.counted,
         a.at as anchored_at, a.since, a.quantity + coalesce(s.change, 0) as level,
         greatest(a.at, s.last_at) as last_fact_at
  from anchors a
  left join sums s on s.product_id = a.product_id and s.site = a.site
  where a.id <> 'ffffffff-ffff-ffff-ffff-ffffffffffff' or s.change is not null
),
-- Levels that no fact supports any more.
forgotten as (
  delete from stock_levels k
  where k.company_id = $1 and k.product_id = any ($2)
    and not exists (select from levels l where l.product_id = k.product_id
                    and l.site = coalesce(k.site_id, '00000000-0000-0000-0000-000000000000'))
)
-- An unchanged level is not rewritten.
insert into stock_levels as k
  (company_id, product_id, site_id, level, tracked_since, anchored_at, counted, last_fact_at,
   updated_at)
select $1, product_id, site_id, level, since, anchored_at, counted, last_fact_at, engine_now()
from levels
on conflict (company_id, product_id, site_id) do update
  set level = excluded.level, tracked_since = excluded.tracked_since,
      anchored_at = excluded.anchored_at, counted = excluded.counted,
      last_fact_at = excluded.last_fact_at, updated_at = excluded.updated_at
  where (k.level, k.tracked_since, k.anchored_at, k.counted, k.last_fact_at)
     is distinct from (excluded.level, excluded.tracked_since, excluded.anchored_at,
                       excluded.counted, excluded.last_fact_at)
