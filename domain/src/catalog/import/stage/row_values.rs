//! What the import stores of a row, named as in the API.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value, json};

use crate::catalog::import::rows::{
    CountLine, PRODUCT_COLUMNS, ProductLine, ProductValue, RowKeys, SaleLine,
};
use crate::catalog::{SaleKind, SaleStatus};

/// The values of an accepted row.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RowValues {
    Sale(SaleValues),
    Count(CountValues),
    /// Column to value; a column whose cell is empty is left out and keeps what the catalog has.
    Product(BTreeMap<&'static str, Value>),
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SaleValues {
    pub sku: String,
    pub site: Option<String>,
    pub document: Option<String>,
    pub external_id: Option<String>,
    pub customer: Option<String>,
    pub kind: SaleKind,
    /// `None` where the file has no status: a new line is delivered, a known one keeps its status.
    pub status: Option<SaleStatus>,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub amount: Decimal,
    pub currency: String,
    pub sold_at: Option<DateTime<Utc>>,
    /// The day of `sold_at` in the company's zone.
    pub day: Option<NaiveDate>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CountValues {
    pub sku: String,
    pub site: Option<String>,
    pub quantity: Decimal,
    pub at: Option<DateTime<Utc>>,
}

impl RowValues {
    pub(super) fn of_sale(line: &SaleLine<'_>, keys: &RowKeys) -> Self {
        Self::Sale(SaleValues {
            sku: keys.find_code(line.sku).to_owned(),
            site: some_text(line.site),
            document: some_text(line.document),
            external_id: some_text(line.external_id),
            customer: some_text(line.customer),
            kind: line.kind,
            status: line.status,
            quantity: scaled(line.quantity, 3),
            unit_price: scaled(line.money.unit_price, 6),
            amount: scaled(line.money.amount, 4),
            currency: String::from_utf8_lossy(&line.money.currency).into_owned(),
            sold_at: DateTime::from_timestamp_micros(line.moment.at),
            day: NaiveDate::from_epoch_days(line.moment.day),
        })
    }

    pub(super) fn of_count(line: &CountLine<'_>, keys: &RowKeys) -> Self {
        Self::Count(CountValues {
            sku: keys.find_code(line.sku).to_owned(),
            site: some_text(line.site),
            quantity: scaled(line.quantity, 3),
            at: DateTime::from_timestamp_micros(line.at),
        })
    }

    pub(super) fn of_product(line: &ProductLine<'_>, keys: &RowKeys) -> Self {
        let columns = PRODUCT_COLUMNS.iter().zip(line.values);
        let values =
            columns.filter_map(|(column, value)| Some((column.name, describe_value(value)?)));
        let sku = ("sku", json!(keys.find_code(line.sku)));
        Self::Product(values.chain([sku]).collect())
    }
}

fn describe_value(value: ProductValue<'_>) -> Option<Value> {
    Some(match value {
        ProductValue::Absent => return None,
        ProductValue::Text(text) => json!(text),
        ProductValue::Currency(code) => json!(String::from_utf8_lossy(&code)),
        ProductValue::Price(millionths) => json!(scaled(millionths, 6)),
        ProductValue::Quantity(thousandths) => json!(scaled(thousandths, 3)),
        ProductValue::Days(days) => json!(days),
        ProductValue::YesNo(yes) => json!(yes),
    })
}

fn some_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn scaled(value: i64, scale: u32) -> Decimal {
    Decimal::new(value, scale).normalize()
}
