-- Inserts the staged products that the catalog lacks.
insert into products (
  company_id, id, sku, name, category_id, supplier_id, unit, purchase_price, sale_price, currency,
  barcode, min_stock, max_stock, lead_time_days, minimum_order_quantity, pack_multiple, active,
  source, import_id, created_at, updated_at
)
select $1, l.id, l.sku, coalesce(l.name, l.sku), c.id, s.id, coalesce(l.unit, 'unit'),
  l.purchase_price, l.sale_price, l.currency, l.barcode, l.min_stock, l.max_stock,
  l.lead_time_days, l.minimum_order_quantity, l.pack_multiple, coalesce(l.active, true),
  'import', $2, (select engine_now()), (select engine_now())
from staging.product_lines l
left join categories c on c.company_id = $1 and c.name_key = upper(btrim(l.category))
left join suppliers s on s.company_id = $1 and s.name_key = upper(btrim(l.supplier))
where l.import_id = $2
  and not exists (
    select from products p where p.company_id = $1 and p.sku_key = upper(btrim(l.sku)))
