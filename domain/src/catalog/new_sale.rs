//! A request for a sale line, and the line as it is inserted.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use platform::money::{Currency, Decimal, round_to_currency};
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::field_errors::FieldErrors;
use super::key::FactKey;
use super::product::{CustomerId, ProductId};
use super::reference::SiteId;
use super::sale::{SaleId, SaleKind, SaleStatus};

/// Lines that one call may contain.
pub(super) const MAX_CALL_LINES: usize = 1_000;

/// A request for one sale line. `quantity` is positive, also for a return.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateSale {
    pub sku: Option<String>,
    pub product_id: Option<ProductId>,
    pub quantity: Amount,
    /// The product's sale price if absent.
    pub unit_price: Option<Amount>,
    /// The product's currency if absent.
    pub currency: Option<String>,
    /// Now if absent.
    pub sold_at: Option<DateTime<Utc>>,
    pub customer_id: Option<CustomerId>,
    /// The customer by the number in the company's own books.
    pub customer_ref: Option<String>,
    pub site_id: Option<SiteId>,
    #[serde(default)]
    pub kind: SaleKind,
    #[serde(default)]
    pub status: SaleStatus,
    pub document: Option<String>,
    /// The caller's own id of the line; a repeated id is deduplicated.
    pub external_id: Option<String>,
    pub due_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
}

/// The product and the customer that a line refers to, with the product's price.
#[derive(Debug, Clone)]
pub(super) struct ResolvedLine {
    pub(super) product_id: ProductId,
    pub(super) customer_id: Option<CustomerId>,
    pub(super) sale_price: Option<Decimal>,
    pub(super) currency: String,
}

/// A validated sale line as it is inserted.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ValidSale {
    pub(super) id: SaleId,
    pub(super) product_id: ProductId,
    pub(super) customer_id: Option<CustomerId>,
    pub(super) site_id: Option<SiteId>,
    pub(super) kind: SaleKind,
    pub(super) status: SaleStatus,
    pub(super) quantity: Decimal,
    pub(super) unit_price: Decimal,
    pub(super) amount: Decimal,
    pub(super) currency: String,
    pub(super) sold_at: DateTime<Utc>,
    pub(super) day: NaiveDate,
    pub(super) document: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) key: Option<FactKey>,
    pub(super) due_at: Option<DateTime<Utc>>,
    pub(super) delivered_at: Option<DateTime<Utc>>,
}

impl CreateSale {
    /// Returns the line as it is inserted. `zone` is the company's. The line must be dropped if
    /// `errors` has rejected a field.
    pub(super) fn validate(
        &self,
        resolved: &ResolvedLine,
        zone: Tz,
        now: DateTime<Utc>,
        errors: &mut FieldErrors,
    ) -> ValidSale {
        let quantity = self.signed_quantity(errors);
        let currency = self.currency.as_ref().unwrap_or(&resolved.currency);
        let unit_price = self.price_in(currency, resolved, errors);
        let sold_at = errors.validate_fact_time("sold_at", self.sold_at, now);
        let external_id =
            errors.validate_optional_text("external_id", self.external_id.as_deref(), 200);
        if self.status == SaleStatus::Cancelled {
            let message = "a line is cancelled after it was entered";
            errors.reject("status", "not_allowed", message);
        }
        let is_delivered = self.status == SaleStatus::Delivered;
        ValidSale {
            id: SaleId::new(),
            product_id: resolved.product_id,
            customer_id: resolved.customer_id,
            site_id: self.site_id,
            kind: self.kind,
            status: self.status,
            quantity,
            unit_price,
            amount: compute_amount(quantity, unit_price, currency, errors),
            currency: currency.clone(),
            sold_at,
            day: sold_at.with_timezone(&zone).date_naive(),
            document: errors.validate_optional_text("document", self.document.as_deref(), 200),
            key: external_id.as_deref().map(FactKey::of_external_id),
            external_id,
            due_at: errors.validate_year("due_at", self.due_at),
            delivered_at: errors
                .validate_year("delivered_at", self.delivered_at)
                .or(is_delivered.then_some(sold_at)),
        }
    }

    fn signed_quantity(&self, errors: &mut FieldErrors) -> Decimal {
        let size = errors.validate_quantity("quantity", self.quantity);
        if size <= Decimal::ZERO {
            errors.reject("quantity", "not_positive", "must be more than zero");
        }
        match self.kind {
            SaleKind::Sale => size,
            SaleKind::Return => -size,
            SaleKind::Cancellation | SaleKind::Adjustment => {
                let message =
                    "sale or return; a sale is cancelled by its id, stock adjusted by a movement";
                errors.reject("kind", "not_allowed", message);
                size
            }
        }
    }

    fn price_in(
        &self,
        currency: &str,
        resolved: &ResolvedLine,
        errors: &mut FieldErrors,
    ) -> Decimal {
        match (self.unit_price, resolved.sale_price) {
            (Some(price), _) => errors.validate_price("unit_price", price),
            (None, Some(price)) if currency == resolved.currency => price,
            (None, _) => {
                let message = "the product has no sale price in this currency";
                errors.reject("unit_price", "required", message);
                Decimal::ZERO
            }
        }
    }
}

fn compute_amount(
    quantity: Decimal,
    unit_price: Decimal,
    currency: &str,
    errors: &mut FieldErrors,
) -> Decimal {
    let Some(currency) = Currency::from_code(currency) else {
        errors.reject_currency();
        return Decimal::ZERO;
    };
    let limit = Decimal::from(10_000_000_000_000_000_i64);
    let exact = quantity
        .checked_mul(unit_price)
        .filter(|exact| exact.abs() < limit);
    let Some(exact) = exact else {
        let message = "the amount has more than 16 digits";
        errors.reject("quantity", "out_of_range", message);
        return Decimal::ZERO;
    };
    round_to_currency(exact, currency)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validate(json: &str) -> Result<ValidSale, Vec<String>> {
        let mut errors = FieldErrors::default();
        let resolved = ResolvedLine {
            product_id: ProductId::new(),
            customer_id: None,
            sale_price: Some(Decimal::from(1500)),
            currency: "XOF".to_owned(),
        };
        let now = "2024-03-01T12:00:00Z".parse().unwrap();
        let sale = serde_json::from_str::<CreateSale>(json).unwrap();
        let valid = sale.validate(&resolved, chrono_tz::Pacific::Auckland, now, &mut errors);
        match errors.into_result() {
            Ok(()) => Ok(valid),
            Err(crate::Error::Invalid(fields)) => Err(fields
                .into_iter()
                .map(|f| format!("{} {}", f.field, f.code))
                .collect()),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn the_day_is_the_companys_and_the_amount_is_rounded_to_the_currency() {
        let sale =
            validate(r#"{"sku": "a", "quantity": "1.5", "unit_price": "333.33", "sold_at": "2024-02-28T20:00:00Z"}"#)
                .unwrap();
        assert_eq!(sale.day.to_string(), "2024-02-29");
        assert_eq!(sale.amount, Decimal::from(500));
    }

    #[test]
    fn a_return_is_negative_and_takes_the_products_price() {
        let back = validate(r#"{"sku": "a", "quantity": 2, "kind": "return"}"#).unwrap();
        assert_eq!(
            (back.quantity, back.amount),
            (Decimal::from(-2), Decimal::from(-3000))
        );
    }

    #[test]
    fn an_invalid_sale_is_rejected() {
        for (json, expected) in [
            (r#"{"sku": "a", "quantity": 0}"#, "quantity not_positive"),
            (
                r#"{"sku": "a", "quantity": 1, "kind": "adjustment"}"#,
                "kind not_allowed",
            ),
            (
                r#"{"sku": "a", "quantity": 1, "status": "cancelled"}"#,
                "status not_allowed",
            ),
            (
                r#"{"sku": "a", "quantity": 1, "unit_price": "-1"}"#,
                "unit_price negative",
            ),
            (
                r#"{"sku": "a", "quantity": 1, "currency": "EUR"}"#,
                "unit_price required",
            ),
            (
                r#"{"sku": "a", "quantity": 1, "due_at": "-9999-01-01T00:00:00Z"}"#,
                "due_at out_of_range",
            ),
            (
                r#"{"sku": "a", "quantity": 1, "delivered_at": "+10000-01-01T00:00:00Z"}"#,
                "delivered_at out_of_range",
            ),
            (
                r#"{"sku": "a", "quantity": 1, "unit_price": 1, "currency": "eur"}"#,
                "currency unknown_currency",
            ),
            (
                r#"{"sku": "a", "quantity": 999999999999999, "unit_price": 99999999999999}"#,
                "quantity out_of_range",
            ),
        ] {
            assert_eq!(validate(json).unwrap_err(), [expected], "{json}");
        }
    }
}
