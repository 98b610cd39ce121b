//! The lines of a call: their number, and the products, sites and customers that they refer to.

use platform::ids::CompanyId;
use platform::money::Decimal;
use sqlx::PgConnection;

use crate::catalog::code_key::compute_key;
use crate::catalog::field_errors::FieldErrors;
use crate::catalog::new_sale::{MAX_CALL_LINES, ResolvedLine};
use crate::catalog::product::{CustomerId, ProductId};
use crate::catalog::reference::SiteId;
use crate::{Error, Result};

/// What one line refers to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LineReferences<'a> {
    pub(super) sku: Option<&'a str>,
    pub(super) product_id: Option<ProductId>,
    pub(super) site_id: Option<SiteId>,
    pub(super) customer_id: Option<CustomerId>,
    pub(super) customer_ref: Option<&'a str>,
}

/// Rejects a call of more lines than one transaction should write; `noun` names them.
pub(super) fn limit_lines(count: usize, noun: &str) -> Result<()> {
    if count > MAX_CALL_LINES {
        let message = format!("at most {MAX_CALL_LINES} {noun} at once");
        return Err(Error::invalid("", "too_many", message));
    }
    Ok(())
}

/// Resolves all lines in one statement and returns them in their order. A line that refers to
/// something that does not exist is rejected and `None`.
pub(super) async fn resolve_lines(
    conn: &mut PgConnection,
    company: CompanyId,
    lines: &[LineReferences<'_>],
    errors: &mut FieldErrors,
) -> Result<Vec<Option<ResolvedLine>>> {
    let targets = select_targets(conn, company, lines).await?;
    let mut resolved = Vec::with_capacity(lines.len());
    for (index, (line, target)) in lines.iter().zip(targets).enumerate() {
        errors.start_item(index);
        line.reject_unknown_product(target.product_id, errors);
        line.reject_unknown_customer(target.customer_id, errors);
        if !target.site_exists {
            errors.reject("site_id", "unknown_site", "no such site in this company");
        }
        let product = target.product_id.zip(target.currency);
        resolved.push(product.map(|(product_id, currency)| ResolvedLine {
            product_id,
            customer_id: target.customer_id,
            sale_price: target.sale_price,
            currency,
        }));
    }
    Ok(resolved)
}

/// What the references of one line lead to.
struct LineTarget {
    product_id: Option<ProductId>,
    sale_price: Option<Decimal>,
    currency: Option<String>,
    customer_id: Option<CustomerId>,
    /// True for a line that names no site.
    site_exists: bool,
}

async fn select_targets(
    conn: &mut PgConnection,
    company: CompanyId,
    lines: &[LineReferences<'_>],
) -> sqlx::Result<Vec<LineTarget>> {
    let sku_keys: Vec<_> = lines.iter().map(|line| line.sku.map(compute_key)).collect();
    let products: Vec<_> = lines.iter().map(|line| line.product_id).collect();
    let sites: Vec<_> = lines.iter().map(|line| line.site_id).collect();
    let customers: Vec<_> = lines.iter().map(|line| line.customer_id).collect();
    let customer_refs: Vec<_> = lines.iter().map(|line| line.customer_ref).collect();
    sqlx::query_as!(
        LineTarget,
        r#"select coalesce(by_sku.id, by_id.id) as "product_id?: _",
                  coalesce(by_sku.sale_price, by_id.sale_price) as sale_price,
                  coalesce(by_sku.currency, by_id.currency) as currency,
                  coalesce(customer.id, by_ref.id) as "customer_id?: _",
                  line.site_id is null or site.id is not null as "site_exists!"
           from unnest($2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[])
                with ordinality as line
                  (sku_key, product_id, site_id, customer_id, customer_ref, position)
           left join products by_sku
             on by_sku.company_id = $1 and by_sku.sku_key = line.sku_key
           left join products by_id on by_id.company_id = $1 and by_id.id = line.product_id
           left join sites site on site.company_id = $1 and site.id = line.site_id
           left join customers customer
             on customer.company_id = $1 and customer.id = line.customer_id
           left join customers by_ref
             on by_ref.company_id = $1 and by_ref.external_ref = line.customer_ref
           order by line.position"#,
        company.0,
        &sku_keys as _,
        &products as _,
        &sites as _,
        &customers as _,
        &customer_refs as _,
    )
    .fetch_all(conn)
    .await
}

impl LineReferences<'_> {
    fn reject_unknown_product(&self, found: Option<ProductId>, errors: &mut FieldErrors) {
        let field = if self.sku.is_some() {
            "sku"
        } else {
            "product_id"
        };
        if self.sku.is_some() == self.product_id.is_some() {
            errors.reject(field, "one_of", "either sku or product_id");
        } else if found.is_none() {
            errors.reject(field, "unknown_product", "no such product in this company");
        }
    }

    fn reject_unknown_customer(&self, found: Option<CustomerId>, errors: &mut FieldErrors) {
        let (field, is_named) = match (self.customer_ref, self.customer_id) {
            (Some(_), Some(_)) => {
                let message = "either customer_id or customer_ref";
                return errors.reject("customer_ref", "one_of", message);
            }
            (Some(_), None) => ("customer_ref", true),
            (None, id) => ("customer_id", id.is_some()),
        };
        if is_named && found.is_none() {
            errors.reject(
                field,
                "unknown_customer",
                "no such customer in this company",
            );
        }
    }
}
