//! The severity of an alert, from its rule kind and the products that fire.

use serde::{Deserialize, Serialize};

use super::RuleKind;
use crate::rupture::{Abc, Urgency};

/// Ordered: a later variant is more severe.
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
    /// Returns the stored text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// The products of an alert, as far as they determine its severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FiringProducts {
    pub(super) count: usize,
    /// One of the products is of class A.
    pub(super) best_seller: bool,
    pub(super) most_urgent: Option<Urgency>,
}

impl FiringProducts {
    pub(super) fn count_product(&mut self, class: Option<Abc>, urgency: Urgency) {
        self.count += 1;
        self.best_seller |= class == Some(Abc::A);
        self.most_urgent = self.most_urgent.max(Some(urgency));
    }
}

/// Computes the severity. Rupture: critical beyond 10 products or with a product of class A. Low
/// stock: high from 5 products. Predicted rupture: by the most urgent product.
pub(super) fn compute_severity(kind: RuleKind, firing: FiringProducts) -> Severity {
    match kind {
        RuleKind::Rupture if firing.count > 10 || firing.best_seller => Severity::Critical,
        RuleKind::Rupture => Severity::High,
        RuleKind::LowStock if firing.count < 5 => Severity::Medium,
        RuleKind::LowStock => Severity::High,
        RuleKind::PredictedRupture => match firing.most_urgent {
            Some(Urgency::Now | Urgency::Within1Day) => Severity::Critical,
            Some(Urgency::Within3Days) => Severity::High,
            Some(Urgency::Within7Days | Urgency::Within15Days | Urgency::None) | None => {
                Severity::Medium
            }
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
            let firing = FiringProducts {
                count: products,
                best_seller,
                most_urgent,
            };
            assert_eq!(
                compute_severity(kind, firing),
                expected,
                "{kind:?} {products}"
            );
        }
    }
}
