//! Finds what the lines of a call refer to, in one statement for all of them.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::field_errors::FieldErrors;
use crate::catalog::product::{CustomerId, ProductId};
use crate::catalog::reference::SiteId;
use crate::catalog::sale::Priced;

/// What one line names.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Named<'a> {
    pub(super) sku: Option<&'a str>,
    pub(super) product_id: Option<ProductId>,
    pub(super) site_id: Option<SiteId>,
    pub(super) customer_id: Option<CustomerId>,
    pub(super) customer_ref: Option<&'a str>,
}

/// The products of the lines, in their order; a line that names what isn't there is refused and `None`.
///
/// # Errors
/// The database's.
pub(super) async fn resolve(
    conn: &mut PgConnection,
    company: CompanyId,
    lines: &[Named<'_>],
    errors: &mut FieldErrors,
) -> Result<Vec<Option<Priced>>> {
    let rows = sqlx::query!(
        r#"select coalesce(by_sku.id, by_id.id) as "product_id?: ProductId",
                  coalesce(by_sku.sale_price, by_id.sale_price) as sale_price,
                  coalesce(by_sku.currency, by_id.currency) as currency,
                  coalesce(customer.id, by_ref.id) as "customer_id?: CustomerId",
                  line.site_id is null or site.id is not null as "site_known!"
           from unnest($2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[])
                with ordinality as line (sku, product_id, site_id, customer_id, customer_ref, position)
           left join products by_sku on by_sku.company_id = $1 and by_sku.sku_key = upper(btrim(line.sku))
           left join products by_id on by_id.company_id = $1 and by_id.id = line.product_id
           left join sites site on site.company_id = $1 and site.id = line.site_id
           left join customers customer on customer.company_id = $1 and customer.id = line.customer_id
           left join customers by_ref on by_ref.company_id = $1 and by_ref.external_ref = line.customer_ref
           order by line.position"#,
        company.0,
        &lines.iter().map(|line| line.sku).collect::<Vec<_>>() as &[Option<&str>],
        &lines.iter().map(|line| line.product_id.map(|id| id.0)).collect::<Vec<_>>() as &[Option<Uuid>],
        &lines.iter().map(|line| line.site_id.map(|id| id.0)).collect::<Vec<_>>() as &[Option<Uuid>],
        &lines.iter().map(|line| line.customer_id.map(|id| id.0)).collect::<Vec<_>>() as &[Option<Uuid>],
        &lines.iter().map(|line| line.customer_ref).collect::<Vec<_>>() as &[Option<&str>],
    )
    .fetch_all(conn)
    .await?;
    let mut resolved = Vec::with_capacity(lines.len());
    for (index, (line, row)) in lines.iter().zip(rows).enumerate() {
        errors.start_item(index);
        line.refuse_unknown(
            row.product_id.is_some(),
            row.customer_id.is_some(),
            row.site_known,
            errors,
        );
        resolved.push(
            row.product_id
                .zip(row.currency)
                .map(|(product_id, currency)| Priced {
                    product_id,
                    customer_id: row.customer_id,
                    sale_price: row.sale_price,
                    currency,
                }),
        );
    }
    Ok(resolved)
}

impl Named<'_> {
    fn refuse_unknown(&self, product: bool, customer: bool, site: bool, errors: &mut FieldErrors) {
        let product_field = if self.sku.is_some() {
            "sku"
        } else {
            "product_id"
        };
        if self.sku.is_some() == self.product_id.is_some() {
            errors.reject(product_field, "one_of", "either sku or product_id");
        } else if !product {
            errors.reject(
                product_field,
                "unknown_product",
                "no such product in this company",
            );
        }
        let customer_field = if self.customer_ref.is_some() {
            "customer_ref"
        } else {
            "customer_id"
        };
        if self.customer_id.is_some() && self.customer_ref.is_some() {
            errors.reject(
                customer_field,
                "one_of",
                "either customer_id or customer_ref",
            );
        } else if (self.customer_id.is_some() || self.customer_ref.is_some()) && !customer {
            errors.reject(
                customer_field,
                "unknown_customer",
                "no such customer in this company",
            );
        }
        if !site {
            errors.reject("site_id", "unknown_site", "no such site in this company");
        }
    }
}
