//! Why one row is rejected, in words for the person who will correct it.

use std::borrow::Cow;

use platform::csv::strip_guard;
use serde::Serialize;

use super::occurrence::Occurrence;
use crate::catalog::import::detect::Columns;
use crate::catalog::import::field::Field;
use crate::catalog::import::read::Record;

/// Bytes that are kept of a rejected row.
const MAX_KEPT_BYTES: usize = 16 << 10;
/// Characters that are shown of the value at fault.
const MAX_VALUE_CHARS: usize = 200;

/// An error in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowError {
    /// The field at fault; `None` where the row as a whole is.
    pub(crate) field: Option<Field>,
    /// Stable and machine-readable, as `not_a_number`.
    pub(crate) code: &'static str,
    pub(crate) reason: Cow<'static, str>,
}

impl RowError {
    pub(crate) fn new(
        field: Field,
        code: &'static str,
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            field: Some(field),
            code,
            reason: reason.into(),
        }
    }

    pub(super) fn of_row(code: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            field: None,
            code,
            reason: reason.into(),
        }
    }
}

/// A rejected row with its error, as it is reported and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RejectedRow {
    pub line: u64,
    /// Header of the column at fault; `None` where the row as a whole is.
    pub column: Option<String>,
    pub value: String,
    pub code: &'static str,
    pub reason: String,
    /// The row's fields as they stand in the file, without the guards of an error file, so that it
    /// can be corrected and sent again.
    #[serde(skip)]
    pub fields: Vec<String>,
    /// Of a sale line, for its error file.
    #[serde(skip)]
    pub(crate) occurrence: Option<Occurrence>,
}

impl RejectedRow {
    pub(crate) fn new(error: RowError, record: Record<'_>, columns: &Columns) -> Self {
        let position = error.field.and_then(|field| columns.position(field));
        let title = error.field.and_then(|field| columns.title(field));
        // The next error file adds the guards again.
        let as_written = |text: String| match columns.is_error_file() {
            true => strip_guard(&text).to_owned(),
            false => text,
        };
        let fields = record.display_fields(MAX_KEPT_BYTES);
        Self {
            line: record.line,
            column: title.map(str::to_owned),
            value: position.map_or(String::new(), |index| {
                let value = as_written(record.display_field(index));
                value.chars().take(MAX_VALUE_CHARS).collect()
            }),
            code: error.code,
            reason: error.reason.into_owned(),
            fields: fields.into_iter().map(as_written).collect(),
            occurrence: None,
        }
    }
}
