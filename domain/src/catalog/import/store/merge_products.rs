//! The third pass for products: the last row of a code counts, an empty cell leaves what is known.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::transitions::Merged;
use crate::Result;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};
use crate::catalog::{CategoryId, SupplierId};

/// Makes the categories and suppliers that the staged products name and the company lacks.
///
/// # Errors
/// The database's.
pub async fn create_missing_references(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<()> {
    let categories = sqlx::query_scalar!(
        r#"select distinct on (upper(btrim(category))) category as "name!" from staging.product_lines
           where import_id = $2 and category is not null
             and not exists (select from categories c where c.company_id = $1 and c.name_key = upper(btrim(category)))"#,
        company.0,
        import.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    let ids: Vec<Uuid> = categories.iter().map(|_| CategoryId::new().0).collect();
    sqlx::query!(
        "insert into categories (company_id, id, name) select $1, u.id, u.name
         from unnest($2::uuid[], $3::text[]) as u (id, name) on conflict (company_id, name_key) do nothing",
        company.0,
        &ids,
        &categories,
    )
    .execute(&mut *conn)
    .await?;
    let suppliers = sqlx::query_scalar!(
        r#"select distinct on (upper(btrim(supplier))) supplier as "name!" from staging.product_lines
           where import_id = $2 and supplier is not null
             and not exists (select from suppliers s where s.company_id = $1 and s.name_key = upper(btrim(supplier)))"#,
        company.0,
        import.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    let ids: Vec<Uuid> = suppliers.iter().map(|_| SupplierId::new().0).collect();
    sqlx::query!(
        "insert into suppliers (company_id, id, name) select $1, u.id, u.name
         from unnest($2::uuid[], $3::text[]) as u (id, name) on conflict (company_id, name_key) do nothing",
        company.0,
        &ids,
        &suppliers,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Brings all staged products into the catalog; of rows of one code the last.
///
/// # Errors
/// The database's.
pub async fn merge_products(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<Merged> {
    join_by_hash(&mut *conn).await?;
    let superseded = sqlx::query!(
        "delete from staging.product_lines l using (
           select line, row_number() over (partition by upper(btrim(sku)) order by line desc) as place
           from staging.product_lines where import_id = $1
         ) n
         where l.import_id = $1 and l.line = n.line and n.place > 1",
        import.0,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    let updated = sqlx::query_file_scalar!(
        "src/catalog/import/store/update_products.sql",
        company.0,
        import.0
    )
    .fetch_one(&mut *conn)
    .await?;
    let staged = sqlx::query_scalar!(
        r#"select count(*) as "count!" from staging.product_lines where import_id = $1"#,
        import.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    let imported = sqlx::query!(
        "insert into products (company_id, id, sku, name, category_id, supplier_id, unit, purchase_price, sale_price,
           currency, barcode, min_stock, max_stock, lead_time_days, minimum_order_quantity, pack_multiple, active,
           source, import_id, created_at, updated_at)
         select $1, l.id, l.sku, coalesce(l.name, l.sku), c.id, s.id, coalesce(l.unit, 'unit'), l.purchase_price,
           l.sale_price, l.currency, l.barcode, l.min_stock, l.max_stock, l.lead_time_days, l.minimum_order_quantity,
           l.pack_multiple, coalesce(l.active, true), 'import', $2, (select engine_now()), (select engine_now())
         from staging.product_lines l
         left join categories c on c.company_id = $1 and c.name_key = upper(btrim(l.category))
         left join suppliers s on s.company_id = $1 and s.name_key = upper(btrim(l.supplier))
         where l.import_id = $2
           and not exists (select from products p where p.company_id = $1 and p.sku_key = upper(btrim(l.sku)))",
        company.0,
        import.0,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    joins_as_usual(conn).await?;
    let imported = i64::try_from(imported).unwrap_or(i64::MAX);
    let superseded = i64::try_from(superseded).unwrap_or(i64::MAX);
    Ok(Merged {
        imported,
        updated,
        unchanged: staged - imported - updated + superseded,
    })
}
