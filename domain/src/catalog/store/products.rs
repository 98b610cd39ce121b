//! Products.

use chrono::{DateTime, Utc};
use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::check_version;
use crate::catalog::{
    CategoryId, NewProduct, Product, ProductChanges, ProductId, ProductStatus, SupplierId,
};
use crate::{Error, Result};

/// Which products a list shows.
#[derive(Debug, Clone, Default)]
pub struct ProductFilter {
    /// Part of the sku, the name or the barcode, whatever its case.
    pub q: Option<String>,
    pub status: ProductStatus,
    pub category_id: Option<CategoryId>,
    pub supplier_id: Option<SupplierId>,
}

/// Writes a product; its prices are in `currency`, the company's, unless it names one.
///
/// # Errors
/// `Invalid`, `Conflict(sku_taken)`.
pub async fn create_product(
    conn: &mut PgConnection,
    company: CompanyId,
    currency: &str,
    new: NewProduct,
    now: DateTime<Utc>,
) -> Result<Product> {
    let product = new.check(currency, now)?;
    sqlx::query!(
        "insert into products (company_id, id, sku, name, category_id, supplier_id, unit, purchase_price,
                               sale_price, currency, barcode, min_stock, max_stock, lead_time_days,
                               minimum_order_quantity, pack_multiple, active, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18)",
        company.0,
        product.id.0,
        product.sku,
        product.name,
        product.category_id.map(|id| id.0),
        product.supplier_id.map(|id| id.0),
        product.unit,
        product.purchase_price,
        product.sale_price,
        product.currency,
        product.barcode,
        product.min_stock,
        product.max_stock,
        product.lead_time_days,
        product.minimum_order_quantity,
        product.pack_multiple,
        product.active,
        now,
    )
    .execute(conn)
    .await
    .map_err(refused)?;
    Ok(product)
}

/// Those after `after` in order of id, at most `limit`.
///
/// # Errors
/// The database's.
pub async fn list_products(
    conn: &mut PgConnection,
    company: CompanyId,
    filter: &ProductFilter,
    after: Option<ProductId>,
    limit: i64,
) -> Result<Vec<Product>> {
    let rows = sqlx::query_as!(
        Product,
        r#"select id as "id: ProductId", sku, name, category_id as "category_id: CategoryId",
                  supplier_id as "supplier_id: SupplierId", unit, purchase_price, sale_price, currency, barcode,
                  min_stock, max_stock, lead_time_days, minimum_order_quantity, pack_multiple, active, draft,
                  archived_at, version, created_at, updated_at
           from products
           where company_id = $1
             and ($2::uuid is null or id > $2)
             and case $3 when 'all' then true
                         when 'archived' then archived_at is not null
                         when 'active' then archived_at is null and active
                         when 'inactive' then archived_at is null and not active
                         when 'draft' then archived_at is null and draft
                         else archived_at is null end
             and ($4::uuid is null or category_id = $4)
             and ($5::uuid is null or supplier_id = $5)
             and ($6::text is null or strpos(upper(sku || ' ' || name || ' ' || coalesce(barcode, '')), upper($6)) > 0)
           order by id limit $7"#,
        company.0,
        after.map(|id| id.0),
        filter.status.as_str(),
        filter.category_id.map(|id| id.0),
        filter.supplier_id.map(|id| id.0),
        filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty()),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(plain_prices).collect())
}

/// # Errors
/// `NotFound`.
pub async fn find_product(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ProductId,
) -> Result<Product> {
    let row = sqlx::query_as!(
        Product,
        r#"select id as "id: ProductId", sku, name, category_id as "category_id: CategoryId",
                  supplier_id as "supplier_id: SupplierId", unit, purchase_price, sale_price, currency, barcode,
                  min_stock, max_stock, lead_time_days, minimum_order_quantity, pack_multiple, active, draft,
                  archived_at, version, created_at, updated_at
           from products where company_id = $1 and id = $2"#,
        company.0,
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    row.map(plain_prices).ok_or(Error::NotFound("product"))
}

/// Changes, archives or brings back, where `version` and the change's own are still current.
///
/// # Errors
/// `NotFound`, `Invalid`, `Conflict(version_mismatch | sku_taken)`.
pub async fn update_product(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ProductId,
    changes: ProductChanges,
    version: Option<i32>,
    now: DateTime<Utc>,
) -> Result<Product> {
    sqlx::query_scalar!(
        "select 1 from products where company_id = $1 and id = $2 for no key update",
        company.0,
        id.0
    )
    .fetch_optional(&mut *conn)
    .await?;
    let before = find_product(&mut *conn, company, id).await?;
    check_version(before.version, [version, changes.version])?;
    let product = before.changed(changes, now)?;
    write(conn, company, &product).await?;
    Ok(Product {
        version: product.version + 1,
        ..product
    })
}

async fn write(conn: &mut PgConnection, company: CompanyId, product: &Product) -> Result<()> {
    sqlx::query!(
        "update products set sku = $3, name = $4, category_id = $5, supplier_id = $6, unit = $7,
                purchase_price = $8, sale_price = $9, currency = $10, barcode = $11, min_stock = $12,
                max_stock = $13, lead_time_days = $14, minimum_order_quantity = $15, pack_multiple = $16,
                active = $17, draft = $18, archived_at = $19, updated_at = $20, version = version + 1
         where company_id = $1 and id = $2",
        company.0,
        product.id.0,
        product.sku,
        product.name,
        product.category_id.map(|id| id.0),
        product.supplier_id.map(|id| id.0),
        product.unit,
        product.purchase_price,
        product.sale_price,
        product.currency,
        product.barcode,
        product.min_stock,
        product.max_stock,
        product.lead_time_days,
        product.minimum_order_quantity,
        product.pack_multiple,
        product.active,
        product.draft,
        product.archived_at,
        product.updated_at,
    )
    .execute(conn)
    .await
    .map_err(refused)?;
    Ok(())
}

/// What the table's constraints say of a product that can't be written.
fn refused(error: sqlx::Error) -> Error {
    let unknown = |field: &str| Error::invalid(field, "unknown", "no such thing in this company");
    match error
        .as_database_error()
        .and_then(|cause| cause.constraint())
    {
        Some("products_company_id_sku_key_key") => {
            Error::conflict("sku_taken", "another product has this sku")
        }
        Some("products_company_id_category_id_fkey") => unknown("category_id"),
        Some("products_company_id_supplier_id_fkey") => unknown("supplier_id"),
        _ => error.into(),
    }
}

/// Prices are kept with six digits after the point and shown without the zeros.
fn plain_prices(mut product: Product) -> Product {
    product.purchase_price = product.purchase_price.map(|price| price.normalize());
    product.sale_price = product.sale_price.map(|price| price.normalize());
    product
}
