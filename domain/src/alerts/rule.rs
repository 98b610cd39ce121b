//! A rule: its condition, the products it watches, the channels and recipients it notifies. There
//! are three typed conditions and no rule language.

use platform::ids::UserId;
use serde::{Deserialize, Serialize};

use super::{Filter, RuleId};
use crate::identity::Language;
use crate::notifications::Channel;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum RuleKind {
    Rupture,
    LowStock,
    PredictedRupture,
}

impl RuleKind {
    /// Every kind. A new company gets one rule of each.
    pub const ALL: [Self; 3] = [Self::Rupture, Self::LowStock, Self::PredictedRupture];

    /// Returns the stored text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rupture => "rupture",
            Self::LowStock => "low_stock",
            Self::PredictedRupture => "predicted_rupture",
        }
    }

    /// Returns the name of the rule of this kind that a new company gets.
    pub(super) fn default_name(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Rupture, Language::Fr) => "Rupture de stock",
            (Self::Rupture, Language::En) => "Out of stock",
            (Self::LowStock, Language::Fr) => "Stock bas",
            (Self::LowStock, Language::En) => "Low stock",
            (Self::PredictedRupture, Language::Fr) => "Rupture prévue",
            (Self::PredictedRupture, Language::En) => "Predicted rupture",
        }
    }

    /// Returns the formula that the timeline shows as the reason of a transition.
    pub(super) fn formula(self) -> &'static str {
        match self {
            Self::Rupture => "level <= 0",
            Self::LowStock => "0 < level <= min_stock; over above min_stock + 10 %",
            Self::PredictedRupture => {
                "P(demand until the next delivery > level) >= threshold, or days to rupture (P50) \
                 <= 7; over below threshold - 0.15 and beyond 7 days"
            }
        }
    }
}

/// When a rule fires for a product.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// The level is zero or less.
    Rupture,
    /// The level is at most the product's minimum, or `minimum` where the product has none.
    LowStock { minimum: Option<f64> },
    /// The probability of a rupture before the next delivery reaches `probability`, or the rupture
    /// is near.
    PredictedRupture { probability: f64 },
}

/// The probability from which a predicted rupture fires where the rule sets no threshold.
const DEFAULT_PROBABILITY: f64 = 0.5;

impl Condition {
    pub(super) fn new(kind: RuleKind, threshold: Option<f64>) -> Self {
        match kind {
            RuleKind::Rupture => Self::Rupture,
            RuleKind::LowStock => Self::LowStock { minimum: threshold },
            RuleKind::PredictedRupture => Self::PredictedRupture {
                probability: threshold.unwrap_or(DEFAULT_PROBABILITY),
            },
        }
    }

    pub fn rule_kind(&self) -> RuleKind {
        match self {
            Self::Rupture => RuleKind::Rupture,
            Self::LowStock { .. } => RuleKind::LowStock,
            Self::PredictedRupture { .. } => RuleKind::PredictedRupture,
        }
    }
}

/// A recipient of a rule's notifications: a member on every known address, or one address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, untagged)]
pub enum Recipient {
    User {
        user_id: UserId,
    },
    /// E.164, or an e-mail address.
    Address {
        address: String,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub id: RuleId,
    pub name: String,
    pub condition: Condition,
    pub filter: Filter,
    pub channels: Vec<Channel>,
    pub recipients: Vec<Recipient>,
    /// Switched on and not archived.
    pub enabled: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_kinds_holds_every_kind() {
        // serde lists every variant in its error, so a kind missing from ALL fails here.
        let unknown = serde_json::from_str::<RuleKind>("\"?\"").unwrap_err();
        let names = RuleKind::ALL.map(|kind| format!("`{}`", kind.as_str()));
        assert!(
            unknown.to_string().starts_with(&format!(
                "unknown variant `?`, expected one of {}",
                names.join(", ")
            )),
            "{unknown}"
        );
    }

    #[test]
    fn a_condition_has_the_kind_that_it_was_made_from() {
        for kind in RuleKind::ALL {
            assert_eq!(Condition::new(kind, None).rule_kind(), kind);
        }
    }
}
