//! Sale lines. A line is signed: a sale is positive, a return or a cancellation negative; of an adjustment
//! (a line of a sales file that sells nothing) the quantity is the change of stock.
//! A cancelled line stays, with its status: it is neither demand nor a move of stock.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use platform::id_type;
use platform::ids::Uuid;
use platform::money::{Currency, Decimal, round_to_currency};
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::field_errors::FieldErrors;
use super::key::FactKey;
use super::product::{CustomerId, ProductId};
use super::reference::SiteId;
use super::stock::{check_time, check_year};

id_type!(SaleId, "One sale line.");

/// Lines that one call may bring.
pub const LINES_PER_CALL: usize = 1_000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum SaleKind {
    #[default]
    Sale,
    Return,
    Cancellation,
    Adjustment,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum SaleStatus {
    #[default]
    Delivered,
    Pending,
    Cancelled,
}

/// A sale line as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sale {
    pub id: SaleId,
    pub product_id: ProductId,
    pub customer_id: Option<CustomerId>,
    pub site_id: Option<SiteId>,
    pub kind: SaleKind,
    pub status: SaleStatus,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub amount: Decimal,
    pub currency: String,
    /// How much of the line later returns and cancellations undo.
    pub netted_quantity: Decimal,
    pub sold_at: DateTime<Utc>,
    /// The day of `sold_at` in the company's zone when the line was entered.
    pub day: NaiveDate,
    pub document: Option<String>,
    pub external_id: Option<String>,
    pub due_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
    pub cancelled_at: Option<DateTime<Utc>>,
    pub source: String,
    pub import_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
}

/// A request for one sale line. `quantity` is positive, also of a return.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSale {
    pub sku: Option<String>,
    pub product_id: Option<ProductId>,
    pub quantity: Amount,
    /// The product's sale price, unless said.
    pub unit_price: Option<Amount>,
    /// The product's currency, unless said.
    pub currency: Option<String>,
    /// Now, unless said.
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
    /// The caller's own id of the line: sent again, it is the same line.
    pub external_id: Option<String>,
    pub due_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
}

/// What the company's books say of a line's product.
#[derive(Debug, Clone)]
pub(super) struct Priced {
    pub(super) product_id: ProductId,
    pub(super) customer_id: Option<CustomerId>,
    pub(super) sale_price: Option<Decimal>,
    pub(super) currency: String,
}

/// A sale line to be written.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CheckedSale {
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

impl NewSale {
    /// The line as it will be written; of a errors one, what is errors goes to `errors`.
    pub(super) fn check(
        &self,
        known: &Priced,
        zone: Tz,
        now: DateTime<Utc>,
        errors: &mut FieldErrors,
    ) -> CheckedSale {
        let quantity = self.signed_quantity(errors);
        let currency = self
            .currency
            .clone()
            .unwrap_or_else(|| known.currency.clone());
        let unit_price = match self.unit_price {
            Some(price) => errors.validate_price("unit_price", price),
            None => known
                .sale_price
                .filter(|_| currency == known.currency)
                .unwrap_or_else(|| {
                    errors.reject(
                        "unit_price",
                        "required",
                        "the product has no sale price in this currency",
                    );
                    Decimal::ZERO
                }),
        };
        let sold_at = check_time("sold_at", self.sold_at, now, errors);
        let external_id =
            errors.validate_optional_text("external_id", self.external_id.as_deref(), 200);
        if self.status == SaleStatus::Cancelled {
            errors.reject(
                "status",
                "not_allowed",
                "a line is cancelled after it was entered",
            );
        }
        let delivered = self.status == SaleStatus::Delivered;
        CheckedSale {
            id: SaleId::new(),
            product_id: known.product_id,
            customer_id: known.customer_id,
            site_id: self.site_id,
            kind: self.kind,
            status: self.status,
            quantity,
            unit_price,
            amount: amount(quantity, unit_price, &currency, errors),
            currency,
            sold_at,
            day: sold_at.with_timezone(&zone).date_naive(),
            document: errors.validate_optional_text("document", self.document.as_deref(), 200),
            key: external_id.as_deref().map(FactKey::of_external_id),
            external_id,
            due_at: check_year("due_at", self.due_at, errors),
            delivered_at: check_year("delivered_at", self.delivered_at, errors)
                .or(delivered.then_some(sold_at)),
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
                errors.reject(
                    "kind",
                    "not_allowed",
                    "sale or return; a sale is cancelled by its id, stock adjusted by a movement",
                );
                size
            }
        }
    }
}

fn amount(
    quantity: Decimal,
    unit_price: Decimal,
    currency: &str,
    errors: &mut FieldErrors,
) -> Decimal {
    let Some(currency) = Currency::from_code(currency) else {
        errors.reject(
            "currency",
            "unknown_currency",
            "not an ISO 4217 code of three letters",
        );
        return Decimal::ZERO;
    };
    let limit = Decimal::from(10_000_000_000_000_000_i64);
    let exact = quantity
        .checked_mul(unit_price)
        .filter(|exact| exact.abs() < limit);
    exact
        .map(|exact| round_to_currency(exact, currency))
        .unwrap_or_else(|| {
            errors.reject(
                "quantity",
                "out_of_range",
                "the amount has more than 16 digits",
            );
            Decimal::ZERO
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Result<CheckedSale, Vec<String>> {
        let mut errors = FieldErrors::default();
        let known = Priced {
            product_id: ProductId::new(),
            customer_id: None,
            sale_price: Some(Decimal::from(1500)),
            currency: "XOF".to_owned(),
        };
        let now = "2024-03-01T12:00:00Z".parse().unwrap();
        let sale = serde_json::from_str::<NewSale>(json).unwrap();
        let checked = sale.check(&known, chrono_tz::Pacific::Auckland, now, &mut errors);
        match errors.into_result() {
            Ok(()) => Ok(checked),
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
            check(r#"{"sku": "a", "quantity": "1.5", "unit_price": "333.33", "sold_at": "2024-02-28T20:00:00Z"}"#)
                .unwrap();
        assert_eq!(sale.day.to_string(), "2024-02-29");
        assert_eq!(sale.amount, Decimal::from(500));
    }

    #[test]
    fn a_return_is_negative_and_takes_the_products_price() {
        let back = check(r#"{"sku": "a", "quantity": 2, "kind": "return"}"#).unwrap();
        assert_eq!(
            (back.quantity, back.amount),
            (Decimal::from(-2), Decimal::from(-3000))
        );
    }

    #[test]
    fn what_does_not_make_a_sale_is_refused() {
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
            assert_eq!(check(json).unwrap_err(), [expected], "{json}");
        }
    }
}
