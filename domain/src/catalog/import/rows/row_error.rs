//! Why one row is refused, in words for the person who will correct it.

use std::borrow::Cow;

use serde::Serialize;

use crate::catalog::import::cells::date;
use crate::catalog::import::cells::number::{self, NumberFlaw};
use crate::catalog::import::detect::columns::{Columns, Field};
use crate::catalog::import::options::{DateFormat, DecimalMark};
use crate::catalog::import::read::record::Record;
use crate::catalog::import::rows::occurrence::Place;

/// A flaw of a row; `field` says where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    pub field: Option<Field>,
    /// Stable and machine-readable, as `not_a_number`.
    pub code: &'static str,
    pub reason: Cow<'static, str>,
}

impl Flaw {
    pub fn new(field: Field, code: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            field: Some(field),
            code,
            reason: reason.into(),
        }
    }

    pub fn of_row(code: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            field: None,
            code,
            reason: reason.into(),
        }
    }
}

/// A refused row as it is reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejection {
    pub line: u64,
    /// Header of the column at fault; `None` where the row as a whole is.
    pub column: Option<String>,
    pub value: String,
    pub code: &'static str,
    pub reason: String,
    /// The row's fields as they stand in the file, so that it can be corrected and sent again.
    #[serde(skip)]
    pub row: Vec<String>,
    /// Of a sale line, for its errors file.
    #[serde(skip)]
    pub place: Option<Place>,
}

/// Bytes that are kept of a refused row.
const KEPT: usize = 16 << 10;

impl Rejection {
    pub fn of(flaw: Flaw, record: Record<'_>, columns: &Columns) -> Self {
        let place = flaw.field.and_then(|f| columns.place(f));
        Self {
            line: record.line,
            column: flaw.field.and_then(|f| columns.title(f)).map(str::to_owned),
            value: place.map_or(String::new(), |i| {
                record.shown(i).chars().take(200).collect()
            }),
            code: flaw.code,
            reason: flaw.reason.into_owned(),
            row: record.shown_within(KEPT),
            place: None,
        }
    }
}

/// Refuses rows that aren't text or don't fit the header.
pub(in crate::catalog::import) fn check_shape(
    record: Record<'_>,
    columns: &Columns,
) -> Result<(), Flaw> {
    if !record.is_text() {
        return Err(Flaw::of_row(
            "invalid_encoding",
            "the row isn't valid in the file's encoding",
        ));
    }
    if record.has_nul() {
        return Err(Flaw::of_row("nul_byte", "the row holds a NUL byte"));
    }
    let expected = columns.header.len();
    if record.len() > expected && (expected..record.len()).any(|i| !record.field(i).is_empty()) {
        let found = record.len();
        return Err(Flaw::of_row(
            "too_many_fields",
            format!("the row has {found} fields and the header {expected}"),
        ));
    }
    Ok(())
}

/// How numbers and dates of this file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notation {
    pub mark: DecimalMark,
    pub dates: DateFormat,
}

impl Notation {
    /// A number at ten to the minus `scale`, with the currency written beside it.
    pub fn number(self, field: Field, text: &str, scale: u32) -> Result<number::Written, Flaw> {
        number::parse(text, self.mark, scale).map_err(|flaw| match flaw {
            NumberFlaw::NotANumber if text.is_empty() => {
                Flaw::new(field, "missing_value", "a number is missing")
            }
            NumberFlaw::NotANumber => {
                let mark = if self.mark == DecimalMark::Point {
                    "point"
                } else {
                    "comma"
                };
                Flaw::new(
                    field,
                    "not_a_number",
                    format!("isn't a number with a decimal {mark}"),
                )
            }
            NumberFlaw::OutOfRange => Flaw::new(field, "out_of_range", "the number is too large"),
        })
    }

    pub fn date(self, field: Field, text: &str) -> Result<date::Written, Flaw> {
        date::parse(text, self.dates).ok_or_else(|| {
            if text.is_empty() {
                return Flaw::new(field, "missing_value", "a date is missing");
            }
            let format = match self.dates {
                DateFormat::YearFirst => "Y-m-d",
                DateFormat::DayFirst => "d/m/Y",
                DateFormat::MonthFirst => "m/d/Y",
            };
            Flaw::new(
                field,
                "not_a_date",
                format!("isn't a day of the calendar as {format}"),
            )
        })
    }
}

/// Refuses a text that its column in the catalog couldn't hold.
pub(in crate::catalog::import) fn at_most(
    field: Field,
    text: &str,
    most: usize,
) -> Result<&str, Flaw> {
    if text.len() > most && text.chars().count() > most {
        return Err(Flaw::new(
            field,
            "too_long",
            format!("longer than {most} characters"),
        ));
    }
    Ok(text)
}
