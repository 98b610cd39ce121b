//! Which products a list shows.

use serde::Deserialize;

use super::reference::{CategoryId, SupplierId};

#[derive(Debug, Clone, Default)]
pub struct ProductFilter {
    /// Part of the sku as it is compared, of the name whatever its case, or of the barcode.
    pub q: Option<String>,
    pub status: ProductStatus,
    pub category_id: Option<CategoryId>,
    pub supplier_id: Option<SupplierId>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum ProductStatus {
    /// All but the archived products.
    #[default]
    Current,
    Active,
    Inactive,
    Draft,
    Archived,
    All,
}
