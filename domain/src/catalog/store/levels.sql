-- Recomputes the levels of the products $2 of company $1 whose counts or entries changed. The rule
-- is in domain/src/catalog/stock.rs. A level whose anchor is the one that it was computed from
-- stays as it is, unless $3: then all are computed from the facts. "No site" is the nil id here, so
-- that joins on the site can hash.
with places as (
  select product.id as product_id, place.site
  from (select distinct unnest($2::uuid[]) as id) product
  cross join (
    select id as site from sites where company_id = $1
    union all select '00000000-0000-0000-0000-000000000000'
  ) place
),
-- Each tracked site's anchor: its latest count, else its first entry. `since` is when tracking
-- began. One look-up by index each, however many counts and entries there are.
own as materialized (
  select p.product_id, p.site, c.id is not null as counted, coalesce(c.at, f.at) as at,
    coalesce(c.id, f.id) as id, coalesce(c.quantity, f.quantity) as quantity, f.at as since
  from places p
  cross join lateral (
    select id, at, quantity from stock_movements
    where company_id = $1 and product_id = p.product_id and kind in ('count', 'entry')
      and place = p.site
    order by at, id limit 1
  ) f
  left join lateral (
    select id, at, quantity from stock_movements
    where company_id = $1 and product_id = p.product_id and kind = 'count'
      and place = p.site
    order by at desc, id desc limit 1
  ) c on true
),
-- Where sites are tracked and the stock without a site is not, that stock begins at zero.
anchors as (
  select * from own
  union all
  select product_id, '00000000-0000-0000-0000-000000000000', true, max(at), null, 0, max(at)
  from own
  group by product_id having bool_and(site <> '00000000-0000-0000-0000-000000000000')
),
known as materialized (
  select product_id, coalesce(site_id, '00000000-0000-0000-0000-000000000000') as site, level,
    anchor_id, tracked_since
  from stock_levels
  where company_id = $1 and product_id = any ($2)
),
-- What changed of each product: an anchor of a site, and the time since when a site is tracked,
-- which decides whether its facts are those of the stock without a site.
differences as materialized (
  select product_id, bool_or(a.id is distinct from k.anchor_id) as has_other_anchor,
    bool_or(a.since is distinct from k.tracked_since) as has_other_start
  from (select * from own where site <> '00000000-0000-0000-0000-000000000000') a
  full join (select * from known where site <> '00000000-0000-0000-0000-000000000000') k
    using (product_id, site)
  group by product_id
),
-- The anchors whose levels are computed from the facts.
fresh as materialized (
  select a.*
  from anchors a
  left join known k using (product_id, site)
  left join differences d using (product_id)
  where $3
    or (a.id is not null and k.anchor_id is distinct from a.id)
    or (a.site = '00000000-0000-0000-0000-000000000000' and d.has_other_start)
    or (a.id is null and (d.has_other_anchor or k.anchor_id is not null))
),
-- Each product's earliest such anchor. The day bounds the index scans; a zone is at most 14 hours
-- from UTC.
first as materialized (
  select product_id, min(at) as at, (min(at) at time zone 'UTC')::date - 1 as day
  from fresh group by product_id
),
-- What may move these levels: what is later than the anchor, and sales that move any level.
facts as (
  select m.product_id, m.site_id, m.at, m.id, false as always, m.quantity as change
  from first
  join stock_movements m on m.company_id = $1 and m.product_id = first.product_id
                        and m.day >= first.day and m.at >= first.at
  where m.kind <> 'count'
  union all
  select s.product_id, s.site_id, s.sold_at, s.id, false,
         case s.kind when 'adjustment' then s.quantity else -s.quantity end
  from first
  join sales s on s.company_id = $1 and s.product_id = first.product_id
              and s.day >= first.day and s.sold_at >= first.at
  where s.status <> 'cancelled' and s.stock_rule is null
  union all
  select s.product_id, s.site_id, s.sold_at, s.id, true,
         case s.kind when 'adjustment' then s.quantity else -s.quantity end
  from first
  join sales s on s.company_id = $1 and s.product_id = first.product_id and s.stock_rule = 'all'
  where s.status <> 'cancelled'
),
-- A fact bears on its site if the site was tracked by then, else on the stock without a site.
placed as (
  select f.product_id, f.at, f.id, f.always, f.change,
         coalesce(o.site, '00000000-0000-0000-0000-000000000000') as site
  from facts f
  left join own o
    on o.product_id = f.product_id and o.site = f.site_id and (f.always or f.at >= o.since)
),
-- What moved after each anchor. A count stands after the facts of its instant.
sums as (
  select a.product_id, a.site, sum(p.change) as change
  from fresh a
  join placed p
    on p.product_id = a.product_id and p.site = a.site
   and (p.always or p.at > a.at or p.at = a.at and not a.counted and p.id <> a.id)
  group by a.product_id, a.site
),
levels as (
  select a.product_id, a.site, a.counted, a.at as anchored_at, a.id as anchor_id, a.since,
    case when f.site is null then k.level else a.quantity + coalesce(s.change, 0) end as level
  from anchors a
  left join fresh f using (product_id, site)
  left join sums s using (product_id, site)
  left join known k using (product_id, site)
),
-- A beginning at zero (no id) makes a level only where something moved it.
standing as (
  select * from levels where anchor_id is not null or level <> 0
),
forgotten as (
  delete from stock_levels k
  where k.company_id = $1 and k.product_id = any ($2)
    and not exists (select from standing l where l.product_id = k.product_id
                    and l.site = coalesce(k.site_id, '00000000-0000-0000-0000-000000000000'))
)
-- An unchanged level is not rewritten.
insert into stock_levels as k
  (company_id, product_id, site_id, level, tracked_since, anchored_at, anchor_id, counted,
   updated_at)
select $1, product_id, nullif(site, '00000000-0000-0000-0000-000000000000'), level, since,
  anchored_at, anchor_id, counted, engine_now()
from standing
on conflict (company_id, product_id, site_id) do update
  set level = excluded.level, tracked_since = excluded.tracked_since,
      anchored_at = excluded.anchored_at, anchor_id = excluded.anchor_id,
      counted = excluded.counted, updated_at = excluded.updated_at
  where (k.level, k.tracked_since, k.anchored_at, k.anchor_id, k.counted)
     is distinct from (excluded.level, excluded.tracked_since, excluded.anchored_at,
                       excluded.anchor_id, excluded.counted)
