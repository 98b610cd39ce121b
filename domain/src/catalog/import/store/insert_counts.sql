-- Inserts the staged counts of the lines after $3 up to $4. Facts never change: a known key is the
-- same count.
insert into stock_movements (
  company_id, id, at, day, created_at, product_id, site_id, kind, quantity, key, source, import_id,
  created_by, request_id
)
select $1, l.id, l.at, (l.at at time zone c.timezone)::date, (select engine_now()), p.id, t.id,
  'count', l.quantity, l.key, 'import', $2, null, null
from staging.count_lines l
join companies c on c.id = $1
join products p on p.company_id = $1 and p.sku_key = l.sku_key
left join sites t on t.company_id = $1 and t.name_key = l.site_key
where l.import_id = $2 and l.line > $3 and l.line <= $4
order by l.line
on conflict (company_id, key) do nothing
