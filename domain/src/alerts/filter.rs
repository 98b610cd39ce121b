//! Which products a rule watches.

use serde::{Deserialize, Serialize};

use crate::catalog::{CategoryId, ProductId, SiteId, SupplierId};
use crate::rupture::Forecast;

/// Selects the products that match every list that isn't empty. An empty filter selects all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub product_ids: Vec<ProductId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub category_ids: Vec<CategoryId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub supplier_ids: Vec<SupplierId>,
    /// Restricts the stock level to this site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_id: Option<SiteId>,
}

impl Filter {
    pub(super) fn matches_product(&self, product: &Forecast) -> bool {
        contains_id(&self.product_ids, Some(product.product_id))
            && contains_id(&self.category_ids, product.category_id)
            && contains_id(&self.supplier_ids, product.supplier_id)
    }

    /// Returns the level that the rule watches; `None` = unknown.
    pub(super) fn stock_level(&self, product: &Forecast) -> Option<f64> {
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

fn contains_id<Id: PartialEq>(ids: &[Id], id: Option<Id>) -> bool {
    ids.is_empty() || id.is_some_and(|id| ids.contains(&id))
}
