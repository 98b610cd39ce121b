//! What a caller may decide about an import. Everything left out is detected or has the default named here.

use std::collections::BTreeMap;

use platform::money::Currency;
use serde::{Deserialize, Serialize};

use crate::catalog::import::detect::columns::Field;
use crate::{FieldError, Result};

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Sales,
    Products,
    StockCounts,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sales => "sales",
            Self::Products => "products",
            Self::StockCounts => "stock_counts",
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "sales" => Ok(Self::Sales),
            "products" => Ok(Self::Products),
            "stock_counts" => Ok(Self::StockCounts),
            _ => Err(crate::Error::invalid(
                "kind",
                "unknown_kind",
                "is one of sales, products, stock_counts",
            )),
        }
    }
}

/// What happens to the good rows of a file that has bad ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    #[default]
    ValidRows,
    AllOrNothing,
}

/// What happens to a row whose product isn't in the catalog.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownProducts {
    #[default]
    Create,
    Reject,
}

/// Which stock levels the imported sale lines move.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockEffect {
    #[default]
    AfterCount,
    All,
    None,
}

impl StockEffect {
    /// The value of `sales.stock_rule`.
    pub fn as_rule(self) -> Option<&'static str> {
        match self {
            Self::AfterCount => None,
            Self::All => Some("all"),
            Self::None => Some("none"),
        }
    }
}

/// What happens to lines of a sales file that are exactly like an earlier one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// Each is a line of its own.
    #[default]
    Keep,
    Drop,
}

/// Whether an unlikely value refuses its row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unlikely {
    #[default]
    Reject,
    Warn,
}

/// The character between the whole and the fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DecimalMark {
    #[serde(rename = ".", alias = "point")]
    Point,
    #[serde(rename = ",", alias = "comma")]
    Comma,
}

/// The order of day and month where the year doesn't come first. ISO dates are understood beside either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DateFormat {
    #[serde(rename = "Y-m-d", alias = "iso", alias = "ymd")]
    YearFirst,
    #[serde(rename = "d/m/Y", alias = "dmy")]
    DayFirst,
    #[serde(rename = "m/d/Y", alias = "mdy")]
    MonthFirst,
}

/// The `options` of `POST /imports`; unknown names are refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Field to header, for headers that aren't recognised by themselves.
    pub mapping: BTreeMap<Field, String>,
    pub delimiter: Option<char>,
    /// A label of the WHATWG encoding standard.
    pub encoding: Option<String>,
    pub decimal: Option<DecimalMark>,
    pub date_format: Option<DateFormat>,
    /// ISO 4217; the company's where neither this nor a column says.
    pub currency: Option<String>,
    /// IANA name of the zone of the file's times; the company's by default.
    pub timezone: Option<String>,
    pub mode: Mode,
    pub unknown_products: UnknownProducts,
    /// Codes that aren't products (postage, fees); a trailing `*` stands for any ending.
    pub ignore_codes: Vec<String>,
    /// What a cancelling document's number starts with, as the `C` of `C536379`.
    pub cancellation_prefix: Option<String>,
    pub stock: StockEffect,
    pub duplicates: Duplicates,
    pub negative_prices: Unlikely,
    pub future_dates: Unlikely,
    /// Quantities of more than a hundred times the product's usual; let through with a warning by default, as a
    /// wholesaler has such days.
    pub absurd_quantities: Option<Unlikely>,
}

impl Options {
    /// Checks what serde can't, all at once.
    pub fn validate(&self) -> Result<()> {
        let mut flaws = Vec::new();
        let mut refuse = |field: &str, code, message: String| {
            flaws.push(FieldError {
                field: format!("options.{field}"),
                code,
                message,
            });
        };
        if self
            .delimiter
            .is_some_and(|d| !crate::catalog::import::read::delimiter::DELIMITERS.contains(&d))
        {
            refuse(
                "delimiter",
                "unknown_delimiter",
                "is one of , ; | and the tab".into(),
            );
        }
        if let Some(label) = &self.encoding
            && encoding_rs::Encoding::for_label_no_replacement(label.as_bytes()).is_none()
        {
            refuse(
                "encoding",
                "unknown_encoding",
                format!("\"{}\" is no known encoding", short(label)),
            );
        }
        if let Some(code) = &self.currency
            && Currency::from_code(code).is_none()
        {
            refuse(
                "currency",
                "unknown_currency",
                format!("\"{}\" is no ISO 4217 code", short(code)),
            );
        }
        if let Some(zone) = &self.timezone
            && zone.parse::<chrono_tz::Tz>().is_err()
        {
            refuse(
                "timezone",
                "unknown_timezone",
                format!("\"{}\" is no IANA zone", short(zone)),
            );
        }
        if self.ignore_codes.len() > 1000
            || self
                .ignore_codes
                .iter()
                .any(|c| c.trim().is_empty() || c.len() > 100)
        {
            refuse(
                "ignore_codes",
                "invalid_codes",
                "up to 1000 codes of 1 to 100 characters".into(),
            );
        }
        if self
            .cancellation_prefix
            .as_ref()
            .is_some_and(|p| p.is_empty() || p.len() > 20)
        {
            refuse(
                "cancellation_prefix",
                "invalid_prefix",
                "1 to 20 characters".into(),
            );
        }
        if flaws.is_empty() {
            Ok(())
        } else {
            Err(crate::Error::Invalid(flaws))
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_take_the_documented_names_and_no_others() {
        let options: Options = serde_json::from_str(
            r#"{"mapping": {"sku": "StockCode", "date": "InvoiceDate"}, "delimiter": ";", "decimal": ",",
                "date_format": "d/m/Y", "mode": "all_or_nothing", "unknown_products": "reject", "stock": "none"}"#,
        )
        .unwrap();
        assert_eq!(options.mapping[&Field::Date], "InvoiceDate");
        assert_eq!(options.mode, Mode::AllOrNothing);
        options.validate().unwrap();
        assert!(serde_json::from_str::<Options>(r#"{"delimeter": ";"}"#).is_err());
        assert!(serde_json::from_str::<Options>(r#"{"mapping": {"skoo": "a"}}"#).is_err());
    }

    #[test]
    fn every_impossible_option_is_named_in_one_answer() {
        let options = Options {
            encoding: Some("utf-9".into()),
            timezone: Some("Africa/Atlantis".into()),
            currency: Some("CFA".into()),
            delimiter: Some('x'),
            ..Options::default()
        };
        let Err(crate::Error::Invalid(flaws)) = options.validate() else {
            panic!("accepted")
        };
        let fields: Vec<_> = flaws.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "options.delimiter",
                "options.encoding",
                "options.currency",
                "options.timezone"
            ]
        );
    }
}
