//! How grave an alert is, by what it watches and how many products it concerns.

use serde::{Deserialize, Serialize};

use super::RuleKind;
use crate::rupture::Urgency;

/// Ordered: a later variant is graver.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Severity {
    Info,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// The stored text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What the products of an alert say about its severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Concerned {
    pub products: usize,
    /// One of them is of class A.
    pub best_seller: bool,
    pub most_urgent: Option<Urgency>,
}

impl Concerned {
    pub fn add(&mut self, urgency: Urgency, best_seller: bool) {
        self.products += 1;
        self.best_seller |= best_seller;
        self.most_urgent = self.most_urgent.max(Some(urgency));
    }
}

/// Rupture: critical beyond 10 products or with one of class A. Low stock: high from 5 products on.
/// Predicted: by the steps of urgency.
pub fn severity(kind: RuleKind, concerned: Concerned) -> Severity {
    match kind {
        RuleKind::Rupture if concerned.products > 10 || concerned.best_seller => Severity::Critical,
        RuleKind::Rupture => Severity::High,
        RuleKind::LowStock if concerned.products < 5 => Severity::Medium,
        RuleKind::LowStock => Severity::High,
        RuleKind::PredictedRupture => match concerned.most_urgent {
            Some(Urgency::Now | Urgency::Within1Day) => Severity::Critical,
            Some(Urgency::Within3Days) => Severity::High,
            _ => Severity::Medium,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RuleKind::{LowStock, PredictedRupture, Rupture};

    #[test]
    fn severity_follows_the_kind_and_the_number_of_products() {
        let cases = [
            (Rupture, 1, false, Urgency::Now, Severity::High),
            (Rupture, 10, false, Urgency::Now, Severity::High),
            (Rupture, 11, false, Urgency::Now, Severity::Critical),
            (Rupture, 1, true, Urgency::Now, Severity::Critical),
            (LowStock, 4, true, Urgency::None, Severity::Medium),
            (LowStock, 5, false, Urgency::None, Severity::High),
            (PredictedRupture, 1, true, Urgency::None, Severity::Medium),
            (
                PredictedRupture,
                1,
                false,
                Urgency::Within7Days,
                Severity::Medium,
            ),
            (
                PredictedRupture,
                1,
                false,
                Urgency::Within3Days,
                Severity::High,
            ),
            (
                PredictedRupture,
                99,
                false,
                Urgency::Within1Day,
                Severity::Critical,
            ),
        ];
        for (kind, products, best_seller, urgency, expected) in cases {
            let most_urgent = Some(urgency);
            let concerned = Concerned {
                products,
                best_seller,
                most_urgent,
            };
            assert_eq!(severity(kind, concerned), expected, "{kind:?} {products}");
        }
    }
}
