//! What a company sells. A product is archived and never deleted: sales and alerts point at it.

use chrono::{DateTime, Utc};
use platform::id_type;
use platform::money::{Currency, Decimal};
use serde::{Deserialize, Serialize};

use super::amount::{Amount, nullable};
use super::change::{archive_time, set_changed};
use super::field_errors::FieldErrors;
use super::reference::{CategoryId, SupplierId};
use crate::Result;

id_type!(ProductId, "One product of a company.");
id_type!(CustomerId, "One customer of a company.");

/// A product as it is shown. Prices are in `currency`; quantities in `unit`.
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
    /// Made by an import from a sku alone; somebody should complete it.
    pub draft: bool,
    pub archived_at: Option<DateTime<Utc>>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A request for a product; what is left out is unknown, and the currency is the company's.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewProduct {
    pub sku: String,
    pub name: String,
    pub category_id: Option<CategoryId>,
    pub supplier_id: Option<SupplierId>,
    pub unit: Option<String>,
    pub purchase_price: Option<Amount>,
    pub sale_price: Option<Amount>,
    pub currency: Option<String>,
    pub barcode: Option<String>,
    pub min_stock: Option<Amount>,
    pub max_stock: Option<Amount>,
    pub lead_time_days: Option<i32>,
    pub minimum_order_quantity: Option<Amount>,
    pub pack_multiple: Option<Amount>,
    pub active: Option<bool>,
}

/// A change of a product: a field left out keeps its value, null clears it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProductChanges {
    pub sku: Option<String>,
    pub name: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub category_id: Option<Option<CategoryId>>,
    #[serde(deserialize_with = "nullable")]
    pub supplier_id: Option<Option<SupplierId>>,
    pub unit: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub purchase_price: Option<Option<Amount>>,
    #[serde(deserialize_with = "nullable")]
    pub sale_price: Option<Option<Amount>>,
    pub currency: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub barcode: Option<Option<String>>,
    #[serde(deserialize_with = "nullable")]
    pub min_stock: Option<Option<Amount>>,
    #[serde(deserialize_with = "nullable")]
    pub max_stock: Option<Option<Amount>>,
    #[serde(deserialize_with = "nullable")]
    pub lead_time_days: Option<Option<i32>>,
    #[serde(deserialize_with = "nullable")]
    pub minimum_order_quantity: Option<Option<Amount>>,
    #[serde(deserialize_with = "nullable")]
    pub pack_multiple: Option<Option<Amount>>,
    pub active: Option<bool>,
    pub draft: Option<bool>,
    /// `false` brings an archived product back.
    pub archived: Option<bool>,
    /// The version that the change was made from; checked where it is given.
    pub version: Option<i32>,
}

/// Which products a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProductStatus {
    /// All but the archived ones.
    #[default]
    Current,
    Active,
    Inactive,
    Draft,
    Archived,
    All,
}

impl ProductStatus {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Draft => "draft",
            Self::Archived => "archived",
            Self::All => "all",
        }
    }
}

impl NewProduct {
    /// The product as it will be written at `now`, with the company's `currency` unless it names one.
    ///
    /// # Errors
    /// `Invalid` with every errors field.
    pub fn check(self, currency: &str, now: DateTime<Utc>) -> Result<Product> {
        let mut errors = FieldErrors::default();
        let product = Product {
            id: ProductId::new(),
            sku: self.sku,
            name: self.name,
            category_id: self.category_id,
            supplier_id: self.supplier_id,
            unit: self.unit.unwrap_or_else(|| "unit".to_owned()),
            purchase_price: self
                .purchase_price
                .map(|p| errors.validate_price("purchase_price", p)),
            sale_price: self
                .sale_price
                .map(|p| errors.validate_price("sale_price", p)),
            currency: self.currency.unwrap_or_else(|| currency.to_owned()),
            barcode: self.barcode,
            min_stock: self
                .min_stock
                .map(|q| errors.validate_quantity("min_stock", q)),
            max_stock: self
                .max_stock
                .map(|q| errors.validate_quantity("max_stock", q)),
            lead_time_days: self.lead_time_days,
            minimum_order_quantity: self
                .minimum_order_quantity
                .map(|q| errors.validate_quantity("minimum_order_quantity", q)),
            pack_multiple: self
                .pack_multiple
                .map(|q| errors.validate_quantity("pack_multiple", q)),
            active: self.active.unwrap_or(true),
            draft: false,
            archived_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        product.checked(errors)
    }
}

impl Product {
    /// The product after `changes` made at `now`; the version is the store's to raise.
    ///
    /// # Errors
    /// `Invalid` with every errors field.
    pub fn changed(mut self, changes: ProductChanges, now: DateTime<Utc>) -> Result<Self> {
        let mut errors = FieldErrors::default();
        set_changed(&mut self.sku, changes.sku);
        set_changed(&mut self.name, changes.name);
        set_changed(&mut self.category_id, changes.category_id);
        set_changed(&mut self.supplier_id, changes.supplier_id);
        set_changed(&mut self.unit, changes.unit);
        set_changed(&mut self.currency, changes.currency);
        set_changed(&mut self.barcode, changes.barcode);
        set_changed(&mut self.lead_time_days, changes.lead_time_days);
        set_changed(&mut self.active, changes.active);
        set_changed(&mut self.draft, changes.draft);
        for (field, value, change) in [
            (
                "purchase_price",
                &mut self.purchase_price,
                changes.purchase_price,
            ),
            ("sale_price", &mut self.sale_price, changes.sale_price),
        ] {
            set_changed(
                value,
                change.map(|price| price.map(|price| errors.validate_price(field, price))),
            );
        }
        for (field, value, change) in [
            ("min_stock", &mut self.min_stock, changes.min_stock),
            ("max_stock", &mut self.max_stock, changes.max_stock),
            (
                "minimum_order_quantity",
                &mut self.minimum_order_quantity,
                changes.minimum_order_quantity,
            ),
            (
                "pack_multiple",
                &mut self.pack_multiple,
                changes.pack_multiple,
            ),
        ] {
            set_changed(
                value,
                change.map(|quantity| {
                    quantity.map(|quantity| errors.validate_quantity(field, quantity))
                }),
            );
        }
        self.archived_at = archive_time(self.archived_at, changes.archived, now);
        self.updated_at = now;
        self.checked(errors)
    }

    fn checked(mut self, mut errors: FieldErrors) -> Result<Self> {
        self.sku = errors.validate_text("sku", &self.sku, 100);
        self.name = errors.validate_text("name", &self.name, 500);
        self.unit = errors.validate_text("unit", &self.unit, 20);
        self.barcode = errors.validate_optional_text("barcode", self.barcode.as_deref(), 100);
        if Currency::from_code(&self.currency).is_none() {
            errors.reject(
                "currency",
                "unknown_currency",
                "not an ISO 4217 code of three letters",
            );
        }
        if self
            .lead_time_days
            .is_some_and(|days| !(0..=730).contains(&days))
        {
            errors.reject("lead_time_days", "out_of_range", "0 to 730 days");
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
            errors.reject(
                "max_stock",
                "below_minimum",
                "must not be less than min_stock",
            );
        }
        errors.into_result().map(|()| self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    fn new(json: &str) -> Result<Product, Error> {
        serde_json::from_str::<NewProduct>(json)
            .unwrap()
            .check("XOF", DateTime::UNIX_EPOCH)
    }

    fn refused(result: Result<Product, Error>) -> Vec<String> {
        let Err(Error::Invalid(fields)) = result else {
            panic!("a errors product was taken")
        };
        fields
            .into_iter()
            .map(|field| format!("{} {}", field.field, field.code))
            .collect()
    }

    #[test]
    fn a_product_needs_a_sku_and_a_name_and_has_the_companys_currency() {
        let product =
            new(r#"{"sku": " riz-25 ", "name": "Riz 25 kg", "sale_price": "15000"}"#).unwrap();
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
    fn every_wrong_field_is_named_at_once() {
        let result = new(
            r#"{"sku": "", "name": "a\nb", "currency": "CFA", "sale_price": -1, "pack_multiple": 0,
                             "lead_time_days": 1000, "min_stock": "5", "max_stock": "4.5", "purchase_price": "0.0000001"}"#,
        );
        assert_eq!(
            refused(result),
            [
                "purchase_price out_of_range",
                "sale_price negative",
                "sku required",
                "name invalid_text",
                "currency unknown_currency",
                "lead_time_days out_of_range",
                "pack_multiple not_positive",
                "max_stock below_minimum",
            ]
        );
    }

    #[test]
    fn a_change_keeps_what_it_leaves_out_and_clears_what_is_null() {
        let product =
            new(r#"{"sku": "A", "name": "a", "barcode": "123", "min_stock": 5}"#).unwrap();
        let changes: ProductChanges =
            serde_json::from_str(r#"{"barcode": null, "name": "b", "archived": true}"#).unwrap();
        let later = DateTime::from_timestamp(60, 0).unwrap();
        let changed = product.clone().changed(changes, later).unwrap();
        assert_eq!(
            (changed.name.as_str(), changed.barcode, changed.min_stock),
            ("b", None, product.min_stock)
        );
        assert_eq!(changed.archived_at, Some(later));
    }
}
