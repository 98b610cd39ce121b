//! The closed sets of values that options take.

use serde::{Deserialize, Serialize};

/// What happens to the valid rows of a file that has row errors.
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
    /// Returns the value of `sales.stock_rule`.
    pub(in crate::catalog::import) fn as_rule(self) -> Option<&'static str> {
        match self {
            Self::AfterCount => None,
            Self::All => Some("all"),
            Self::None => Some("none"),
        }
    }
}

/// What happens to a line of a sales file that equals an earlier one in every field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// Each is a separate line.
    #[default]
    Keep,
    Drop,
}

/// Whether an implausible value rejects its row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImplausibleValues {
    #[default]
    Reject,
    Warn,
}

/// The character between a number's whole part and its fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DecimalMark {
    #[serde(rename = ".", alias = "point")]
    Point,
    #[serde(rename = ",", alias = "comma")]
    Comma,
}

/// The order of day and month where the year doesn't come first. ISO dates are read in every order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::enum_variant_names, reason = "each names what comes first")]
pub enum DateFormat {
    #[serde(rename = "Y-m-d", alias = "iso", alias = "ymd")]
    YearFirst,
    #[serde(rename = "d/m/Y", alias = "dmy")]
    DayFirst,
    #[serde(rename = "m/d/Y", alias = "mdy")]
    MonthFirst,
}

impl DateFormat {
    pub(in crate::catalog::import) fn as_str(self) -> &'static str {
        match self {
            Self::YearFirst => "Y-m-d",
            Self::DayFirst => "d/m/Y",
            Self::MonthFirst => "m/d/Y",
        }
    }
}
