-- Cancels the recorded sales of the days and sites of the staged lines that only their day
-- identifies, where the file lacks them. Returns their number and the first ones.
with days as (
  select distinct l.day, t.id as site_id
  from staging.sale_lines l
  left join sites t on t.company_id = $1 and t.name_key = l.site_key
  where l.import_id = $2 and l.line > 0 and l.by_day
),
lacking as materialized (
  select s.*
  from days d
  cross join lateral (
    select s.id, s.product_id, s.day, describe_sale(s) as previous, s.import_key,
      s.netted_quantity <> 0 or has_unexplained_return(s) as has_returns
    from sales s
    where s.company_id = $1 and s.day = d.day and s.site_id is not distinct from d.site_id
      and s.by_day and s.status <> 'cancelled'
    offset 0
  ) s
  where s.import_key not in (
    select key from staging.sale_lines where import_id = $2 and line > 0 and by_day)
),
kept as (
  insert into import_changes (company_id, import_id, row_id, previous)
  select $1, $2, id, previous from lacking
  on conflict (company_id, import_id, row_id) do nothing
),
-- cancelled: each by its primary key, whatever the statistics claim.
cancelled as (
  update sales s set status = 'cancelled', import_id = $2, netted_quantity = 0
  where s.company_id = $1 and s.id = any(array(select id from lacking))
  returning 1
)
select (select count(*) from cancelled) as "rows!",
  array(select p.sku || ' ' || l.day from lacking l
        join products p on p.company_id = $1 and p.id = l.product_id
        order by l.day, p.sku limit $3) as "examples!",
  (select count(*) from lacking where has_returns) as "returned!",
  array(select p.sku || ' ' || l.day from lacking l
        join products p on p.company_id = $1 and p.id = l.product_id
        where l.has_returns order by l.day, p.sku limit $3) as "returned_examples!"
