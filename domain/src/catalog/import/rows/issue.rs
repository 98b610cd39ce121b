//! What is to be said about one row: why it is rejected, or what somebody should look at.

use std::borrow::Cow;

use platform::csv::{strip_digits, strip_guard};
use serde::{Deserialize, Serialize};

use super::occurrence::{Occurrence, Origin};
use super::row_error::RowError;
use super::row_warning::RowWarning;
use crate::Text;
use crate::catalog::import::detect::Columns;
use crate::catalog::import::field::Field;
use crate::catalog::import::read::Record;
use crate::identity::Language;

/// Bytes that are kept of a row.
const MAX_KEPT_BYTES: usize = 16 << 10;
/// Characters that are shown of the value at fault.
const MAX_VALUE_CHARS: usize = 200;

/// Something about a row, or about one of its cells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Header of the column; `None` where the row as a whole is meant.
    pub column: Option<String>,
    pub value: String,
    /// Stable and machine-readable, as `not_a_number`.
    pub code: Cow<'static, str>,
    /// In the company's language.
    pub reason: String,
}

/// What becomes of a row that has issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Severity {
    /// The row is rejected.
    Error,
    /// The row is imported, or left out as the options say.
    Warning,
}

impl Severity {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A row with its issues, as it is reported and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowIssues {
    pub line: u64,
    pub severity: Severity,
    pub issues: Vec<Issue>,
    /// The row's fields as they stand in the file, without the guards of an error file, so that it
    /// can be corrected and sent again.
    #[serde(skip)]
    pub fields: Vec<String>,
    /// Of a rejected sale line, for its error file.
    #[serde(skip)]
    pub(crate) occurrence: Option<Occurrence>,
    /// Where it was rejected before, if it comes from an error file.
    #[serde(skip)]
    pub(crate) origin: Option<Origin>,
}

/// Describes the rows of a file in a language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IssueWriter<'a> {
    pub(crate) columns: &'a Columns,
    pub(crate) language: Language,
}

impl IssueWriter<'_> {
    /// Returns a rejected row with everything that is wrong with it.
    pub(crate) fn reject_row(self, record: Record<'_>, errors: &[RowError]) -> RowIssues {
        let describe =
            |error: &RowError| self.describe_cell(record, error.field, error.code, &error.reason);
        self.report_row(record, Severity::Error, errors.iter().map(describe))
    }

    /// Returns what somebody should look at in an accepted row.
    pub(crate) fn describe_warnings(
        self,
        record: Record<'_>,
        warnings: &[RowWarning],
    ) -> Vec<Issue> {
        let describe = |warning: &RowWarning| {
            let code = warning.code.as_str();
            self.describe_cell(record, warning.field, code, &warning.message())
        };
        warnings.iter().map(describe).collect()
    }

    pub(crate) fn report_row(
        self,
        record: Record<'_>,
        severity: Severity,
        issues: impl Iterator<Item = Issue>,
    ) -> RowIssues {
        let fields = record.display_fields(MAX_KEPT_BYTES).into_iter();
        RowIssues {
            line: record.line,
            severity,
            issues: issues.collect(),
            fields: fields.map(|text| self.as_written(text)).collect(),
            occurrence: None,
            origin: None,
        }
    }

    pub(crate) fn describe_cell(
        self,
        record: Record<'_>,
        field: Option<Field>,
        code: &'static str,
        reason: &Text,
    ) -> Issue {
        let position = field.and_then(|field| self.columns.position(field));
        let title = field.and_then(|field| self.columns.title(field));
        Issue {
            column: title.map(str::to_owned),
            value: position.map_or(String::new(), |index| {
                let value = self.as_written(record.display_field(index));
                value.chars().take(MAX_VALUE_CHARS).collect()
            }),
            code: Cow::Borrowed(code),
            reason: reason.render(self.language),
        }
    }

    /// Removes the guards of an error file, which the next one adds again.
    fn as_written(self, text: String) -> String {
        if self.columns.is_error_file() {
            strip_digits(strip_guard(&text)).to_owned()
        } else {
            text
        }
    }
}
