//! The variables of the message that reports a transition.

use serde::Serialize;

use super::rule::RuleKind;
use super::severity::Severity;
use super::transition::{AffectedProduct, Transition};
use crate::notifications::NotificationCause;

/// The most products that a message names. It counts the rest.
const MAX_NAMED_PRODUCTS: usize = 5;

/// Variables of the template `alert`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlertMessage {
    company: String,
    kind: RuleKind,
    cause: NotificationCause,
    severity: Severity,
    /// Products that the notification concerns.
    pub(super) count: usize,
    /// Products of the whole alert.
    total: usize,
    pub(super) products: Vec<NamedProduct>,
    /// Concerned products that aren't named.
    pub(super) more: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct NamedProduct {
    pub(super) name: String,
    level: Option<f64>,
    min_stock: Option<f64>,
    /// Days to rupture (P50).
    days: Option<u32>,
    /// Probability of a rupture before the next delivery, in percent.
    percent: Option<u32>,
}

impl AlertMessage {
    /// The most urgent products come first.
    pub fn new(company: &str, cause: NotificationCause, transition: &Transition) -> Self {
        let mut products = transition.notified_products();
        products.sort_by(|a, b| {
            let by_urgency = b.urgency.cmp(&a.urgency);
            by_urgency
                .then_with(|| a.name.cmp(&b.name))
                .then(a.product_id.cmp(&b.product_id))
        });
        let named = products.iter().take(MAX_NAMED_PRODUCTS);
        Self {
            company: company.to_owned(),
            kind: transition.kind,
            cause,
            severity: transition.severity,
            count: products.len(),
            total: transition.products,
            products: named.map(|product| NamedProduct::new(product)).collect(),
            more: products.len().saturating_sub(MAX_NAMED_PRODUCTS),
        }
    }
}

impl NamedProduct {
    fn new(product: &AffectedProduct) -> Self {
        let figures = &product.figures;
        Self {
            name: product.name.clone(),
            level: figures.level,
            min_stock: figures.min_stock,
            days: figures.days_p50,
            percent: figures.probability.map(|p| (p * 100.0).round() as u32),
        }
    }
}
