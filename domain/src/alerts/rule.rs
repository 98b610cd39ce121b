//! A rule: what to watch, among which products, and whom to tell on which channels. Three typed
//! conditions and no rule language.

use platform::ids::UserId;
use serde::{Deserialize, Serialize};

use super::RuleId;
use crate::catalog::{CategoryId, ProductId, SiteId, SupplierId};
use crate::notifications::Channel;
use crate::rupture::Forecast;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum RuleKind {
    Rupture,
    LowStock,
    PredictedRupture,
}

impl RuleKind {
    /// The stored text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rupture => "rupture",
            Self::LowStock => "low_stock",
            Self::PredictedRupture => "predicted_rupture",
        }
    }
}

/// When a product concerns a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// Nothing left.
    Rupture,
    /// Down to the minimum; `minimum` speaks for products that name none.
    LowStock { minimum: Option<f64> },
    /// Likely to run out before the next delivery, or soon anyway; `probability` is where it opens.
    PredictedRupture { probability: f64 },
}

/// The chance of rupture from which a predicted rupture is told, unless the rule says otherwise.
pub const DEFAULT_PROBABILITY: f64 = 0.5;

impl Condition {
    pub fn new(kind: RuleKind, threshold: Option<f64>) -> Self {
        match kind {
            RuleKind::Rupture => Self::Rupture,
            RuleKind::LowStock => Self::LowStock { minimum: threshold },
            RuleKind::PredictedRupture => Self::PredictedRupture {
                probability: threshold.unwrap_or(DEFAULT_PROBABILITY),
            },
        }
    }

    pub fn kind(&self) -> RuleKind {
        match self {
            Self::Rupture => RuleKind::Rupture,
            Self::LowStock { .. } => RuleKind::LowStock,
            Self::PredictedRupture { .. } => RuleKind::PredictedRupture,
        }
    }
}

/// Which products a rule watches: those that match every list that isn't empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub product_ids: Vec<ProductId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub category_ids: Vec<CategoryId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub supplier_ids: Vec<SupplierId>,
    /// Looks at the stock of this site alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_id: Option<SiteId>,
}

impl Filter {
    pub fn covers(&self, product: &Forecast) -> bool {
        among(&self.product_ids, Some(product.product_id))
            && among(&self.category_ids, product.category_id)
            && among(&self.supplier_ids, product.supplier_id)
    }

    /// The level that the rule looks at; `None` = unknown.
    pub fn level_of(&self, product: &Forecast) -> Option<f64> {
        match self.site_id {
            None => product.level,
            Some(site) => product
                .levels
                .iter()
                .find(|(at, _)| *at == Some(site))
                .map(|(_, level)| *level),
        }
    }
}

fn among<Id: PartialEq>(ids: &[Id], id: Option<Id>) -> bool {
    ids.is_empty() || id.is_some_and(|id| ids.contains(&id))
}

/// Somebody to tell: a member on every address known, or one address.
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
