//! Merges staged products into the catalog; an empty cell leaves what the catalog has.
//!
//! A staged column has the name of the product's column that it fills, so that a staged row as JSON
//! populates a product. `category` and `supplier` are names, and are looked up by their keys.

use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::merge::MergedRows;
use crate::Result;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};
use crate::catalog::store::product_columns::product_statement;

/// Merges all staged products into the catalog; of several rows of one code the last.
pub async fn merge_products(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<MergedRows> {
    join_by_hash(&mut *conn).await?;
    let superseded = delete_superseded(&mut *conn, import).await?;
    let updated = update_products(&mut *conn, company, import).await?;
    let staged = sqlx::query_scalar!(
        r#"select count(*) as "count!" from staging.product_lines where import_id = $1"#,
        import.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    let imported = insert_products(&mut *conn, company, import).await?;
    joins_as_usual(conn).await?;
    Ok(MergedRows {
        imported,
        updated,
        unchanged: staged - imported - updated + superseded,
    })
}

/// Deletes the rows whose code a later row has, and returns their number. The code stays as the
/// first row writes it.
async fn delete_superseded(conn: &mut PgConnection, import: ImportId) -> Result<i64> {
    let deleted = sqlx::query_scalar!(
        r#"with repeated as (
             select line, first_value(sku) over by_line as first_sku,
               row_number() over by_line as place,
               count(*) over (partition by sku_key) as places
             from staging.product_lines where import_id = $1
             window by_line as (partition by sku_key order by line)
           ),
           renamed as (
             update staging.product_lines l set sku = r.first_sku
             from repeated r
             where l.import_id = $1 and l.line = r.line and r.place = r.places
               and l.sku <> r.first_sku
           ),
           deleted as (
             delete from staging.product_lines l using repeated r
             where l.import_id = $1 and l.line = r.line and r.place < r.places
             returning 1
           )
           select count(*) as "count!" from deleted"#,
        import.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(deleted)
}

/// Updates the products that a file names and that differ from it; returns their number.
async fn update_products(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<i64> {
    Ok(product_statement!(query_scalar!(
        r#"
-- named: each product with its line. The lock makes the line apply to the product's latest version.
with named as materialized (
  select p, l, c.id as category_id, s.id as supplier_id
  from staging.product_lines l
  join products p on p.company_id = $1 and p.sku_key = l.sku_key
  left join categories c on c.company_id = $1 and c.name_key = l.category_key
  left join suppliers s on s.company_id = $1 and s.name_key = l.supplier_key
  where l.import_id = $2
  -- Everybody locks products in this order.
  order by p.id
  for no key update of p
),
-- wanted: each product as the file wants it. Where the file changes one end of the range of stock
-- and the other end contradicts it, the other end goes.
wanted as (
  select n.p as previous, w as product
  from named n
  cross join lateral jsonb_populate_record(
    n.p,
    jsonb_strip_nulls(to_jsonb(n.l) - '{id,import_id,sku,currency}'::text[])
      || jsonb_build_object(
        'category_id', coalesce(n.category_id, (n.p).category_id),
        'supplier_id', coalesce(n.supplier_id, (n.p).supplier_id),
        'currency', case when coalesce((n.l).purchase_price, (n.l).sale_price) is null
          then (n.p).currency else (n.l).currency end,
        'min_stock', coalesce((n.l).min_stock, case
          when (n.l).max_stock is null or (n.p).min_stock <= (n.l).max_stock
          then (n.p).min_stock end),
        'max_stock', coalesce((n.l).max_stock, case
          when (n.l).min_stock is null or (n.l).min_stock <= (n.p).max_stock
          then (n.p).max_stock end),
        'draft', false)
  ) w
),
changed as (
  update products p set (version, updated_at, import_id, category_id, supplier_id, "# COLUMNS r#")
    = (
      select p.version + 1, engine_now(), $2, category_id, supplier_id, "# COLUMNS r#"
      from (select (w.product).*) as columns
    )
  from wanted w
  where p.company_id = $1 and p.id = (w.previous).id and w.product is distinct from w.previous
  returning p.id, w.previous
),
-- kept: what a product was before this import first changed it.
kept as (
  insert into import_changes (company_id, import_id, row_id, previous)
  select $1, $2, id, to_jsonb(previous) - '{company_id,id,sku_key}'::text[] from changed
  on conflict (company_id, import_id, row_id) do nothing
)
select count(*) as "count!" from changed"#,
        company.0,
        import.0,
    ))
    .fetch_one(conn)
    .await?)
}

/// Inserts the staged products that the catalog lacks; returns their number.
async fn insert_products(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<i64> {
    let inserted = product_statement!(query!(
        "insert into products (company_id, id, source, import_id, created_at, updated_at,
           category_id, supplier_id, sku_key, " COLUMNS ")
         select $1, id, 'import', $2, created_at, created_at, category_id, supplier_id, sku_key,
           " COLUMNS "
         from (
           select n.*
           from staging.product_lines l
           left join categories c on c.company_id = $1 and c.name_key = l.category_key
           left join suppliers s on s.company_id = $1 and s.name_key = l.supplier_key
           cross join lateral jsonb_populate_record(
             null::products,
             jsonb_build_object(
               'name', l.sku, 'unit', 'unit', 'active', true, 'draft', false,
               'category_id', c.id, 'supplier_id', s.id, 'created_at', (select engine_now()))
             || jsonb_strip_nulls(to_jsonb(l))
           ) n
           where l.import_id = $2
             and not exists (
               select from products p where p.company_id = $1 and p.sku_key = l.sku_key)
         ) as staged",
        company.0,
        import.0,
    ))
    .execute(conn)
    .await?;
    Ok(i64::try_from(inserted.rows_affected()).unwrap_or(i64::MAX))
}
