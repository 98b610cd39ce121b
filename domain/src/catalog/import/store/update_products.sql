-- Updates the products that a file names and that differ from it; returns their number.
--
-- wanted: each product as the file wants it. An empty cell leaves what the catalog has. Where the
-- file changes one end of the range of stock and the other end contradicts it, the other end goes.
with wanted as (
  select p.id, p.draft, to_jsonb(p) - 'company_id' - 'id' - 'sku_key' as previous, w.*
  from staging.product_lines l
  join products p on p.company_id = $1 and p.sku_key = upper(btrim(l.sku))
  left join categories c on c.company_id = $1 and c.name_key = upper(btrim(l.category))
  left join suppliers s on s.company_id = $1 and s.name_key = upper(btrim(l.supplier))
  cross join lateral (
    select
      coalesce(l.name, p.name) as name,
      coalesce(c.id, p.category_id) as category_id,
      coalesce(s.id, p.supplier_id) as supplier_id,
      coalesce(l.unit, p.unit) as unit,
      coalesce(l.purchase_price, p.purchase_price) as purchase_price,
      coalesce(l.sale_price, p.sale_price) as sale_price,
      case when coalesce(l.purchase_price, l.sale_price) is null then p.currency
        else l.currency end as currency,
      coalesce(l.barcode, p.barcode) as barcode,
      coalesce(l.min_stock, case when l.max_stock is null or p.min_stock <= l.max_stock
        then p.min_stock end) as min_stock,
      coalesce(l.max_stock, case when l.min_stock is null or l.min_stock <= p.max_stock
        then p.max_stock end) as max_stock,
      coalesce(l.lead_time_days, p.lead_time_days) as lead_time_days,
      coalesce(l.minimum_order_quantity, p.minimum_order_quantity) as minimum_order_quantity,
      coalesce(l.pack_multiple, p.pack_multiple) as pack_multiple,
      coalesce(l.active, p.active) as active
  ) w
  where l.import_id = $2
),
-- changed: the containment compares every wanted column with the product as it was, so that no
-- second list of columns is needed. Numbers compare by value there, as in SQL.
changed as (
  update products p set
    name = w.name,
    category_id = w.category_id,
    supplier_id = w.supplier_id,
    unit = w.unit,
    purchase_price = w.purchase_price,
    sale_price = w.sale_price,
    currency = w.currency,
    barcode = w.barcode,
    min_stock = w.min_stock,
    max_stock = w.max_stock,
    lead_time_days = w.lead_time_days,
    minimum_order_quantity = w.minimum_order_quantity,
    pack_multiple = w.pack_multiple,
    active = w.active,
    draft = false, version = p.version + 1, updated_at = engine_now(), import_id = $2
  from wanted w
  where p.company_id = $1 and p.id = w.id
    and (w.draft or not w.previous @> (to_jsonb(w) - 'id' - 'previous'))
  returning p.id, w.previous
),
-- kept: what a product was before this import first changed it.
kept as (
  insert into import_changes (company_id, import_id, row_id, previous)
  select $1, $2, id, previous from changed
  on conflict (company_id, import_id, row_id) do nothing
)
select count(*) as "count!" from changed
