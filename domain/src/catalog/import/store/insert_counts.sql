-- Inserts the staged counts of the lines after $3 up to $4. Facts never change: a known key is the
-- same count.
insert into stock_movements (
  company_id, id, at, created_at, product_id, site_id, kind, quantity, key, source, import_id,
  created_by, request_id
)
select $1, l.id, l.at, (select engine_now()), p.id, t.id, 'count', l.quantity, l.key, 'import', $2,
  null, null
from staging.count_lines l
join products p on p.company_id = $1 and p.sku_key = l.sku_key
left join sites t on t.company_id = $1 and t.name_key = l.site_key
where l.import_id = $2 and l.line > $3 and l.line <= $4
order by l.line
on conflict (company_id, key) do nothing
