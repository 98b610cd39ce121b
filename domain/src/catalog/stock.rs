//! Stock as a ledger. The level is a function of the set of facts, whatever the order they came in:
//! the latest count, plus what moved after it; without a count, everything since the first entry;
//! before either it is unknown, which is neither zero nor rupture.
//!
//! Facts bear on their site once the site is tracked (counted or entered), else on the stock without a
//! site. That stock, where only sites are counted, begins at zero with the latest of their counts: so
//! a shop that counts by site and sells without naming one still sees its total fall.

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use platform::id_type;
use platform::ids::Uuid;
use platform::money::Decimal;
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::field_errors::FieldErrors;
use super::key::FactKey;
use super::product::ProductId;
use super::reference::SiteId;

id_type!(MovementId, "One fact about stock that isn't a sale.");

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum MovementKind {
    Entry,
    Exit,
    Return,
    Adjustment,
    Count,
}

/// A request for one movement. `quantity` is what was entered, taken out, brought back or counted, so
/// positive; only an adjustment carries a sign.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMovement {
    pub sku: Option<String>,
    pub product_id: Option<ProductId>,
    pub kind: MovementKind,
    pub quantity: Amount,
    /// Now, unless said.
    pub at: Option<DateTime<Utc>>,
    pub site_id: Option<SiteId>,
    pub reference: Option<String>,
    pub reason: Option<String>,
    /// The caller's own id of the fact: sent again, it is the same fact.
    pub external_id: Option<String>,
}

/// A movement with every field checked and `quantity` signed as it moves the level.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CheckedMovement {
    pub(super) id: MovementId,
    pub(super) kind: MovementKind,
    pub(super) quantity: Decimal,
    pub(super) at: DateTime<Utc>,
    pub(super) site_id: Option<SiteId>,
    pub(super) reference: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) key: Option<FactKey>,
}

/// One line of the ledger: a movement, or a sale line as it moves stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerEntry {
    pub id: Uuid,
    pub product_id: ProductId,
    pub site_id: Option<SiteId>,
    /// A movement's kind, or `sale` for every kind of sale line.
    pub kind: String,
    /// The change of the level; of a count the level itself.
    pub quantity: Decimal,
    pub at: DateTime<Utc>,
    /// A movement's reference, a sale's document.
    pub reference: Option<String>,
    pub reason: Option<String>,
    pub source: String,
    pub import_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
}

/// What is known of a product's stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stock {
    pub product_id: ProductId,
    /// The sum over sites; `None` is unknown.
    pub level: Option<Decimal>,
    /// The first count or entry.
    pub tracked_since: Option<DateTime<Utc>>,
    pub sites: Vec<SiteStock>,
}

/// The part of a product's stock at one site, or at none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteStock {
    pub site_id: Option<SiteId>,
    pub level: Decimal,
    pub tracked_since: DateTime<Utc>,
    /// The count (`counted`), else the first entry, that the level is reckoned from.
    pub anchored_at: DateTime<Utc>,
    pub counted: bool,
    /// The latest fact in the sum.
    pub last_fact_at: DateTime<Utc>,
}

impl NewMovement {
    pub(super) fn check(&self, now: DateTime<Utc>, errors: &mut FieldErrors) -> CheckedMovement {
        let size = errors.validate_quantity("quantity", self.quantity);
        let positive = size > Decimal::ZERO;
        let fits = match self.kind {
            MovementKind::Adjustment => !size.is_zero(),
            MovementKind::Count => positive || size.is_zero(),
            MovementKind::Entry | MovementKind::Exit | MovementKind::Return => positive,
        };
        if !fits {
            errors.reject(
                "quantity",
                "wrong_sign",
                "positive; of a count zero or more; of an adjustment not zero",
            );
        }
        CheckedMovement {
            id: MovementId::new(),
            kind: self.kind,
            quantity: if self.kind == MovementKind::Exit {
                -size
            } else {
                size
            },
            at: check_time("at", self.at, now, errors),
            site_id: self.site_id,
            reference: errors.validate_optional_text("reference", self.reference.as_deref(), 200),
            reason: errors.validate_optional_text("reason", self.reason.as_deref(), 500),
            key: errors
                .validate_optional_text("external_id", self.external_id.as_deref(), 200)
                .map(|id| FactKey::of_external_id(&id)),
        }
    }
}

/// A time that may lie ahead, within the years that people mean and the database can hold.
pub(super) fn check_year(
    field: &str,
    at: Option<DateTime<Utc>>,
    errors: &mut FieldErrors,
) -> Option<DateTime<Utc>> {
    if at.is_some_and(|at| !(1970..=9999).contains(&at.year())) {
        errors.reject(
            field,
            "out_of_range",
            "must lie between the years 1970 and 9999",
        );
        return None;
    }
    at
}

/// The time of a fact, now unless said. Facts aren't forecasts: a clock may be five minutes ahead, no more.
pub(super) fn check_time(
    field: &str,
    at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    errors: &mut FieldErrors,
) -> DateTime<Utc> {
    let at = at.unwrap_or(now);
    if at > now + TimeDelta::minutes(5) {
        errors.reject(field, "in_future", "must not lie in the future");
    }
    if at < DateTime::UNIX_EPOCH {
        errors.reject(field, "too_old", "must not lie before 1970");
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Result<CheckedMovement, crate::Error> {
        let mut errors = FieldErrors::default();
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let checked = serde_json::from_str::<NewMovement>(json)
            .unwrap()
            .check(now, &mut errors);
        errors.into_result().map(|()| checked)
    }

    #[test]
    fn an_exit_lowers_the_level_and_the_rest_keep_their_sign() {
        for (kind, given, kept) in [
            ("exit", 3, -3),
            ("entry", 3, 3),
            ("return", 3, 3),
            ("adjustment", -3, -3),
            ("count", 0, 0),
        ] {
            let json = format!(r#"{{"sku": "a", "kind": "{kind}", "quantity": {given}}}"#);
            assert_eq!(
                check(&json).unwrap().quantity,
                Decimal::from(kept),
                "{kind}"
            );
        }
    }

    #[test]
    fn a_quantity_of_the_wrong_sign_is_refused() {
        for (kind, quantity) in [
            ("exit", -1),
            ("entry", 0),
            ("return", -2),
            ("adjustment", 0),
            ("count", -1),
        ] {
            let json = format!(r#"{{"sku": "a", "kind": "{kind}", "quantity": {quantity}}}"#);
            assert!(check(&json).is_err(), "{kind} {quantity}");
        }
    }

    #[test]
    fn a_fact_of_the_future_is_refused() {
        let at = |text| {
            check(&format!(
                r#"{{"sku": "a", "kind": "count", "quantity": 1, "at": "{text}"}}"#
            ))
        };
        assert!(at("1970-01-12T13:50:00Z").is_ok());
        assert!(at("1970-01-12T13:52:00Z").is_err());
        assert!(at("1969-12-31T23:59:59Z").is_err());
    }
}
