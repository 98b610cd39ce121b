//! What a company sells. A product is archived and never deleted, because sales and alerts refer to
//! it.

use chrono::{DateTime, Utc};
use platform::id_type;
use platform::money::{Currency, Decimal};
use serde::{Deserialize, Serialize};

use super::amount::{Amount, deserialize_nullable};
use super::change::{archive_time, set_changed};
use super::field_errors::FieldErrors;
use super::reference::{CategoryId, SupplierId};
use crate::Result;

id_type!(ProductId, "One product of a company.");
id_type!(CustomerId, "One customer of a company.");

/// A product as it is stored and shown. Prices are in `currency`, quantities in `unit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Product {
    pub id: ProductId,
    pub sku: String,
    pub name: String,
    pub category_id: Option<CategoryId>,
    pub supplier_id: Option<SupplierId>,
    pub unit: String,
    pub purchase_price: Option<Decimal>,
    pub sale_price: Option<Decimal>,
    pub currency: String,
    pub barcode: Option<String>,
    pub min_stock: Option<Decimal>,
    pub max_stock: Option<Decimal>,
    pub lead_time_days: Option<i32>,
    pub minimum_order_quantity: Option<Decimal>,
    pub pack_multiple: Option<Decimal>,
    pub active: bool,
    /// Created by an import from a sku alone, and still to be completed.
    pub draft: bool,
    pub archived_at: Option<DateTime<Utc>>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A request to change a product: a field left out keeps its value. Null clears a field that may be
/// empty, and counts as left out elsewhere.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProductChanges {
    pub sku: Option<String>,
    pub name: Option<String>,
    #[serde(deserialize_with = "deserialize_nullable")]
    pub category_id: Option<Option<CategoryId>>,
    #[serde(deserialize_with = "deserialize_nullable")]
    pub supplier_id: Option<Option<SupplierId>>,
    pub unit: Option<String>,
    #[serde(deserialize_with = "deserialize_nullable")]
    pub purchase_price: Option<Option<Amount>>,
    #[serde(deserialize_with = "deserialize_nullable")]
    pub sale_price: Option<Option<Amount>>,
    pub currency: Option<String>,
    #[serde(deserialize_with = "deserialize_nullable")]
    pub barcode: Option<Option<String>>,
    #[serde(deserialize_with = "deserialize_nullable")]
    pub min_stock: Option<Option<Amount>>,
    #[serde(deserialize_with = "deserialize_nullable")]
    pub max_stock: Option<Option<Amount>>,
    #[serde(deserialize_with = "deserialize_nullable")]
    pub lead_time_days: Option<Option<i32>>,
    #[serde(deserialize_with = "deserialize_nullable")]
    pub minimum_order_quantity: Option<Option<Amount>>,
    #[serde(deserialize_with = "deserialize_nullable")]
    pub pack_multiple: Option<Option<Amount>>,
    pub active: Option<bool>,
    #[serde(deserialize_with = "deserialize_nullable")]
    pub draft: Option<Option<bool>>,
    /// `false` restores an archived product.
    #[serde(deserialize_with = "deserialize_nullable")]
    pub archived: Option<Option<bool>>,
    /// The version that the change was made from; a conflict where it isn't the current one.
    #[serde(deserialize_with = "deserialize_nullable")]
    pub version: Option<Option<i32>>,
}

/// A request for a new product: changes that set its sku and its name, and none of the fields that
/// only an existing product has, not even to null.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "ProductChanges")]
pub struct CreateProduct(ProductChanges);

impl TryFrom<ProductChanges> for CreateProduct {
    type Error = String;

    /// Words its errors as serde does for a struct, since the API reads the field's name from them.
    fn try_from(fields: ProductChanges) -> Result<Self, String> {
        let required = [
            ("sku", fields.sku.is_some()),
            ("name", fields.name.is_some()),
        ];
        if let Some((field, _)) = required.iter().find(|(_, is_set)| !is_set) {
            return Err(format!("missing field `{field}`"));
        }
        let of_changes_alone = [
            ("draft", fields.draft.is_some()),
            ("archived", fields.archived.is_some()),
            ("version", fields.version.is_some()),
        ];
        if let Some((field, _)) = of_changes_alone.iter().find(|(_, is_set)| *is_set) {
            return Err(format!("unknown field `{field}`"));
        }
        Ok(Self(fields))
    }
}

impl Product {
    /// Returns the product that `new` describes, in the company's `currency` unless `new` names
    /// one. Fails with `Invalid` if a field is rejected.
    pub(super) fn from_new(new: CreateProduct, currency: &str, now: DateTime<Utc>) -> Result<Self> {
        let empty = Self {
            id: ProductId::new(),
            sku: String::new(),
            name: String::new(),
            category_id: None,
            supplier_id: None,
            unit: "unit".to_owned(),
            purchase_price: None,
            sale_price: None,
            currency: currency.to_owned(),
            barcode: None,
            min_stock: None,
            max_stock: None,
            lead_time_days: None,
            minimum_order_quantity: None,
            pack_multiple: None,
            active: true,
            draft: false,
            archived_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        empty.with_changes(new.0, now)
    }

    /// Returns the product after `changes`; the store increments the version. Fails with `Invalid`
    /// if a field is rejected.
    pub(super) fn with_changes(
        mut self,
        changes: ProductChanges,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let mut errors = FieldErrors::default();
        let mut price = |field, value: &mut Option<Decimal>, change: Option<Option<Amount>>| {
            let change = change.map(|price| price.map(|price| errors.validate_price(field, price)));
            set_changed(value, change);
        };
        price(
            "purchase_price",
            &mut self.purchase_price,
            changes.purchase_price,
        );
        price("sale_price", &mut self.sale_price, changes.sale_price);
        let mut quantity = |field, value: &mut Option<Decimal>, change: Option<Option<Amount>>| {
            let change = change.map(|size| size.map(|size| errors.validate_quantity(field, size)));
            set_changed(value, change);
        };
        quantity("min_stock", &mut self.min_stock, changes.min_stock);
        quantity("max_stock", &mut self.max_stock, changes.max_stock);
        quantity(
            "minimum_order_quantity",
            &mut self.minimum_order_quantity,
            changes.minimum_order_quantity,
        );
        quantity(
            "pack_multiple",
            &mut self.pack_multiple,
            changes.pack_multiple,
        );
        let mut days = |field, value: &mut Option<i32>, change: Option<Option<i32>>| {
            set_changed(value, change.map(|days| errors.validate_days(field, days)));
        };
        days(
            "lead_time_days",
            &mut self.lead_time_days,
            changes.lead_time_days,
        );
        set_changed(&mut self.sku, changes.sku);
        set_changed(&mut self.name, changes.name);
        set_changed(&mut self.category_id, changes.category_id);
        set_changed(&mut self.supplier_id, changes.supplier_id);
        set_changed(&mut self.unit, changes.unit);
        set_changed(&mut self.currency, changes.currency);
        set_changed(&mut self.barcode, changes.barcode);
        set_changed(&mut self.active, changes.active);
        set_changed(&mut self.draft, changes.draft.flatten());
        self.archived_at = archive_time(self.archived_at, changes.archived.flatten(), now);
        self.updated_at = now;
        self.validate(&mut errors);
        errors.into_result().map(|()| self)
    }

    fn validate(&mut self, errors: &mut FieldErrors) {
        self.sku = errors.validate_code("sku", &self.sku, 100);
        self.name = errors.validate_text("name", &self.name, 500);
        self.unit = errors.validate_text("unit", &self.unit, 20);
        self.barcode = errors.validate_optional_text("barcode", self.barcode.as_deref(), 100);
        if Currency::from_code(&self.currency).is_none() {
            errors.reject_currency();
        }
        for (field, value) in [("min_stock", self.min_stock), ("max_stock", self.max_stock)] {
            if value.is_some_and(|value| value < Decimal::ZERO) {
                errors.reject(field, "negative", "must not be negative");
            }
        }
        for (field, value) in [
            ("minimum_order_quantity", self.minimum_order_quantity),
            ("pack_multiple", self.pack_multiple),
        ] {
            if value.is_some_and(|value| value <= Decimal::ZERO) {
                errors.reject(field, "not_positive", "must be more than zero");
            }
        }
        if let (Some(min), Some(max)) = (self.min_stock, self.max_stock)
            && min > max
        {
            let message = "must not be less than min_stock";
            errors.reject("max_stock", "below_minimum", message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    fn create(json: &str) -> Result<Product> {
        let new = serde_json::from_str(json).unwrap();
        Product::from_new(new, "XOF", DateTime::UNIX_EPOCH)
    }

    fn rejected_fields(result: Result<Product>) -> Vec<String> {
        let Err(Error::Invalid(fields)) = result else {
            panic!("the product was accepted")
        };
        fields
            .into_iter()
            .map(|field| format!("{} {}", field.field, field.code))
            .collect()
    }

    #[test]
    fn a_product_needs_a_sku_and_a_name_and_has_the_companys_currency() {
        let product =
            create(r#"{"sku": " riz-25 ", "name": "Riz 25 kg", "sale_price": "15000"}"#).unwrap();
        assert_eq!(
            (
                product.sku.as_str(),
                product.currency.as_str(),
                product.unit.as_str()
            ),
            ("riz-25", "XOF", "unit")
        );
        assert!(product.active && !product.draft);
    }

    #[test]
    fn a_new_product_without_a_sku_or_with_a_field_of_changes_alone_is_rejected() {
        for (json, message) in [
            (r#"{"name": "a"}"#, "missing field `sku`"),
            (r#"{"sku": "a"}"#, "missing field `name`"),
            (
                r#"{"sku": "a", "name": "a", "draft": true}"#,
                "unknown field `draft`",
            ),
            (
                r#"{"sku": "a", "name": "a", "version": 1}"#,
                "unknown field `version`",
            ),
            (
                r#"{"sku": "a", "name": "a", "archived": null}"#,
                "unknown field `archived`",
            ),
            (r#"{"sku": null, "name": "a"}"#, "missing field `sku`"),
        ] {
            let error = serde_json::from_str::<CreateProduct>(json).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn every_rejected_field_is_named_at_once() {
        let result = create(
            r#"{"sku": "", "name": "a\nb", "currency": "CFA", "sale_price": -1,
                "pack_multiple": 0, "lead_time_days": 1000, "min_stock": "5", "max_stock": "4.5",
                "purchase_price": "0.0000001"}"#,
        );
        assert_eq!(
            rejected_fields(result),
            [
                "purchase_price out_of_range",
                "sale_price negative",
                "lead_time_days out_of_range",
                "sku required",
                "name invalid_text",
                "currency unknown_currency",
                "pack_multiple not_positive",
                "max_stock below_minimum",
            ]
        );
    }

    #[test]
    fn a_change_keeps_what_it_leaves_out_and_clears_what_is_null() {
        let product =
            create(r#"{"sku": "A", "name": "a", "barcode": "123", "min_stock": 5}"#).unwrap();
        let changes: ProductChanges =
            serde_json::from_str(r#"{"barcode": null, "name": "b", "archived": true}"#).unwrap();
        let later = DateTime::from_timestamp(60, 0).unwrap();
        let changed = product.clone().with_changes(changes, later).unwrap();
        assert_eq!(
            (changed.name.as_str(), changed.barcode, changed.min_stock),
            ("b", None, product.min_stock)
        );
        assert_eq!(changed.archived_at, Some(later));
    }
}
