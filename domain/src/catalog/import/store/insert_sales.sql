-- Inserts the staged sales of the lines after $3 up to $4 whose keys are new.
insert into sales (
  company_id, id, sold_at, created_at, day, product_id, import_key, import_id, customer_id, site_id,
  quantity, unit_price, amount, currency, kind, status, source, stock_rule, document, external_id,
  by_day, created_by, request_id
)
select $1, l.id, l.sold_at, (select engine_now()), l.day, p.id, l.key, $2, c.id, t.id,
  l.quantity, l.unit_price, l.amount, l.currency, l.kind, coalesce(l.status, 'delivered'),
  'import', $5, l.document, l.external_id, l.by_day, null, null
from staging.sale_lines l
join products p on p.company_id = $1 and p.sku_key = l.sku_key
left join customers c on c.company_id = $1 and c.external_ref = l.customer
left join sites t on t.company_id = $1 and t.name_key = l.site_key
where l.import_id = $2 and l.line > $3 and l.line <= $4
on conflict (company_id, import_key) do nothing
