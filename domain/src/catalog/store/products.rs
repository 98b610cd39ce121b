//! Products.

use chrono::{DateTime, Utc};
use platform::ids::CompanyId;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::check_version;
use super::product_columns::product_statement;
use crate::catalog::code_key::compute_key;
use crate::catalog::product_filter::{ProductFilter, ProductStatus};
use crate::catalog::{CreateProduct, Product, ProductChanges, ProductId};
use crate::{Error, Result};

/// Wraps a checked query of whole products; `$rest` follows the list of columns.
macro_rules! select_products {
    ($rest:literal, $($value:expr),* $(,)?) => {
        product_statement!(query_as!(
            Product,
            r#"select id as "id: _", version, created_at, updated_at,
                 category_id as "category_id: _", supplier_id as "supplier_id: _", "#
                COLUMNS $rest,
            $($value),*
        ))
    };
}

/// Creates a product, in the company's `currency` unless the request names one. Fails with
/// `Invalid` or `Conflict(sku_taken)`.
pub async fn create_product(
    conn: &mut PgConnection,
    company: CompanyId,
    currency: &str,
    new: CreateProduct,
    now: DateTime<Utc>,
) -> Result<Product> {
    let product = Product::from_new(new, currency, now)?;
    product_statement!(query!(
        "insert into products (company_id, id, created_at, updated_at, sku_key, category_id,
           supplier_id, " COLUMNS ")
         select $1, $2, $3, $3, $5::text, category_id, supplier_id, " COLUMNS "
         from jsonb_populate_record(null::products, $4)",
        company.0,
        product.id.0,
        now,
        Json(&product) as _,
        compute_key(&product.sku),
    ))
    .execute(conn)
    .await
    .map_err(translate_constraint)?;
    Ok(product)
}

/// Lists at most `limit` products in order of id, after the id `after`.
pub async fn list_products(
    conn: &mut PgConnection,
    company: CompanyId,
    filter: &ProductFilter,
    after: Option<ProductId>,
    limit: i64,
) -> Result<Vec<Product>> {
    let sought = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
    let rows = select_products!(
        " from products
         where company_id = $1
           and ($2::uuid is null or id > $2)
           and case $3 when 'all' then true
                       when 'archived' then archived_at is not null
                       when 'active' then archived_at is null and active
                       when 'inactive' then archived_at is null and not active
                       when 'draft' then archived_at is null and draft
                       when 'current' then archived_at is null end
           and ($4::uuid is null or category_id = $4)
           and ($5::uuid is null or supplier_id = $5)
           and ($6::text is null or strpos(sku_key, $7) > 0 or strpos(upper(name), upper($6)) > 0
             or strpos(barcode, $6) > 0)
         order by id limit $8",
        company.0,
        after.map(|id| id.0),
        filter.status as ProductStatus,
        filter.category_id.map(|id| id.0),
        filter.supplier_id.map(|id| id.0),
        sought,
        sought.map(compute_key),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(normalize_prices).collect())
}

/// Fails with `NotFound` if the company has no such product.
pub async fn require_product(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ProductId,
) -> Result<Product> {
    let row = select_products!(
        " from products where company_id = $1 and id = $2",
        company.0,
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    row.map(normalize_prices).ok_or(Error::NotFound("product"))
}

/// Changes, archives or restores a product. `version` and the version that `changes` name must be
/// the current one. Fails with `NotFound`, `Invalid` or `Conflict(version_mismatch | sku_taken)`.
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
    let current = require_product(&mut *conn, company, id).await?;
    check_version(current.version, [version, changes.version.flatten()])?;
    let changed = current.with_changes(changes, now)?;
    product_statement!(query!(
        "update products
         set (version, updated_at, sku_key, category_id, supplier_id, " COLUMNS ") = (
           select products.version + 1, $3::timestamptz, $5::text, category_id, supplier_id,
             " COLUMNS "
           from jsonb_populate_record(null::products, $4))
         where company_id = $1 and id = $2",
        company.0,
        id.0,
        now,
        Json(&changed) as _,
        compute_key(&changed.sku),
    ))
    .execute(conn)
    .await
    .map_err(translate_constraint)?;
    Ok(Product {
        version: changed.version + 1,
        ..changed
    })
}

fn translate_constraint(error: sqlx::Error) -> Error {
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

/// Removes the zeros that a price's six stored decimals end with.
fn normalize_prices(mut product: Product) -> Product {
    product.purchase_price = product.purchase_price.map(|price| price.normalize());
    product.sale_price = product.sale_price.map(|price| price.normalize());
    product
}
