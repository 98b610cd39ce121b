//! The closed sets of values that options take.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::import::field::Field;

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

/// What happens to a row whose site the company doesn't have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownSites {
    #[default]
    Reject,
    Create,
}

/// Whether the numbers of documents occur again: tills restart them each day, at each site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentNumbers {
    /// Site and day belong to the identity of a line.
    #[default]
    MayRepeat,
    /// A line whose date or site was corrected is the same line.
    NeverRepeat,
}

/// Whether codes of digits that differ only by leading zeros are one: `17` and `0017`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadingZeros {
    /// The code is that of the catalog, else the first one of the file.
    Same,
    Distinct,
}

/// What a file makes of a day of which other files hold lines, where only day and figures identify
/// its own lines and neither has all lines of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SameDay {
    /// Equal lines are the same sales; the others are added.
    Union,
    /// Every line is a further sale.
    Add,
    /// The file holds the day: its lines stand, and recorded ones that it lacks are cancelled.
    Replace,
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

/// What happens to the totals among the rows of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TotalRows {
    /// Totals are left out with a warning; what may be a total or a product is rejected.
    #[default]
    LeaveOut,
    /// No row is taken for a total.
    Keep,
}

/// What the counts of one product, site and time make together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepeatedCounts {
    /// Several shelves of one product.
    Sum,
    /// A corrected count.
    Last,
}

/// What the numbers of a discount's column are. A cell that ends in `%` is a percentage always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscountUnit {
    /// Money off the line.
    Amount,
    Percent,
    /// A percentage as spreadsheets store it: 0.1 for ten percent.
    Fraction,
}

impl DiscountUnit {
    pub(in crate::catalog::import) fn of_header(is_percent: bool) -> Self {
        if is_percent {
            Self::Percent
        } else {
            Self::Amount
        }
    }

    pub(in crate::catalog::import) fn as_str(self) -> &'static str {
        match self {
            Self::Amount => "amount",
            Self::Percent => "percent",
            Self::Fraction => "fraction",
        }
    }
}

/// What the dates of a spreadsheet are that isn't set to the country of the file's author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypedDates {
    AsShown,
    /// The spreadsheet took the day for the month and the month for the day.
    Swapped,
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

impl DecimalMark {
    pub(in crate::catalog::import) fn as_str(self) -> &'static str {
        match self {
            Self::Point => ".",
            Self::Comma => ",",
        }
    }
}

/// The decimal marks of a file's columns. A column that isn't named is detected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum DecimalMarks {
    All(DecimalMark),
    ByField(BTreeMap<Field, DecimalMark>),
}

impl DecimalMarks {
    pub(in crate::catalog::import) fn find(&self, field: Field) -> Option<DecimalMark> {
        match self {
            Self::All(mark) => Some(*mark),
            Self::ByField(marks) => marks.get(&field).copied(),
        }
    }
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
    /// A year of two digits: `26-11-05`.
    #[serde(rename = "y-m-d")]
    ShortYearFirst,
}

impl DateFormat {
    pub(in crate::catalog::import) fn as_str(self) -> &'static str {
        match self {
            Self::YearFirst => "Y-m-d",
            Self::DayFirst => "d/m/Y",
            Self::MonthFirst => "m/d/Y",
            Self::ShortYearFirst => "y-m-d",
        }
    }
}
