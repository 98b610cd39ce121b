//! Movements: facts about stock that are not sales.

use chrono::{DateTime, Utc};
use platform::id_type;
use platform::money::Decimal;
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::field_errors::FieldErrors;
use super::key::FactKey;
use super::product::ProductId;
use super::reference::SiteId;

id_type!(MovementId, "One fact about stock that is not a sale.");

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MovementKind {
    Entry,
    Exit,
    Return,
    Adjustment,
    Count,
}

/// A request for one movement. `quantity` is the size of what was entered, taken out, brought back
/// or counted; only an adjustment has a sign.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateMovement {
    pub sku: Option<String>,
    pub product_id: Option<ProductId>,
    pub kind: MovementKind,
    pub quantity: Amount,
    /// Now if absent.
    pub at: Option<DateTime<Utc>>,
    pub site_id: Option<SiteId>,
    pub reference: Option<String>,
    pub reason: Option<String>,
    /// The caller's own id of the fact; a repeated id is deduplicated.
    pub external_id: Option<String>,
}

/// A validated movement. `quantity` has the sign with which it moves the level.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ValidMovement {
    pub(super) id: MovementId,
    pub(super) kind: MovementKind,
    pub(super) quantity: Decimal,
    pub(super) at: DateTime<Utc>,
    pub(super) site_id: Option<SiteId>,
    pub(super) reference: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) key: Option<FactKey>,
}

impl CreateMovement {
    /// Returns the movement as it is inserted. It must be dropped if `errors` has rejected a field.
    pub(super) fn validate(&self, now: DateTime<Utc>, errors: &mut FieldErrors) -> ValidMovement {
        let size = errors.validate_quantity("quantity", self.quantity);
        let is_positive = size > Decimal::ZERO;
        let is_valid = match self.kind {
            MovementKind::Adjustment => !size.is_zero(),
            MovementKind::Count => is_positive || size.is_zero(),
            MovementKind::Entry | MovementKind::Exit | MovementKind::Return => is_positive,
        };
        if !is_valid {
            let message = "positive; of a count zero or more; of an adjustment not zero";
            errors.reject("quantity", "wrong_sign", message);
        }
        ValidMovement {
            id: MovementId::new(),
            kind: self.kind,
            quantity: match self.kind {
                MovementKind::Exit => -size,
                MovementKind::Entry
                | MovementKind::Return
                | MovementKind::Adjustment
                | MovementKind::Count => size,
            },
            at: errors.validate_fact_time("at", self.at, now),
            site_id: self.site_id,
            reference: errors.validate_optional_text("reference", self.reference.as_deref(), 200),
            reason: errors.validate_optional_text("reason", self.reason.as_deref(), 500),
            key: errors
                .validate_optional_text("external_id", self.external_id.as_deref(), 200)
                .map(|id| FactKey::of_external_id(&id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validate(json: &str) -> Result<ValidMovement, crate::Error> {
        let mut errors = FieldErrors::default();
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let valid = serde_json::from_str::<CreateMovement>(json)
            .unwrap()
            .validate(now, &mut errors);
        errors.into_result().map(|()| valid)
    }

    #[test]
    fn an_exit_lowers_the_level_and_the_rest_keep_their_sign() {
        for (kind, requested, stored) in [
            ("exit", 3, -3),
            ("entry", 3, 3),
            ("return", 3, 3),
            ("adjustment", -3, -3),
            ("count", 0, 0),
        ] {
            let json = format!(r#"{{"sku": "a", "kind": "{kind}", "quantity": {requested}}}"#);
            assert_eq!(
                validate(&json).unwrap().quantity,
                Decimal::from(stored),
                "{kind}"
            );
        }
    }

    #[test]
    fn a_quantity_of_the_wrong_sign_is_rejected() {
        for (kind, quantity) in [
            ("exit", -1),
            ("entry", 0),
            ("return", -2),
            ("adjustment", 0),
            ("count", -1),
        ] {
            let json = format!(r#"{{"sku": "a", "kind": "{kind}", "quantity": {quantity}}}"#);
            assert!(validate(&json).is_err(), "{kind} {quantity}");
        }
    }

    #[test]
    fn a_fact_of_the_future_is_rejected() {
        let at = |text| {
            validate(&format!(
                r#"{{"sku": "a", "kind": "count", "quantity": 1, "at": "{text}"}}"#
            ))
        };
        assert!(at("1970-01-12T13:50:00Z").is_ok());
        assert!(at("1970-01-12T13:52:00Z").is_err());
        assert!(at("1969-12-31T23:59:59Z").is_err());
    }
}
