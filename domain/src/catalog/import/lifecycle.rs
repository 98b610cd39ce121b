//! What an import is, from its upload to its end.

use chrono::{DateTime, Utc};
use platform::id_type;
use platform::ids::{JobId, UserId, Uuid};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use super::context::Context;
use super::detect::{Detected, Question};
use super::kind::Kind;
use super::options::Options;
use super::rows::{Issue, RowTotals, Severity};
use crate::Text;
use crate::identity::Language;

id_type!(ImportId, "One file on its way into the catalog.");

/// The code of the conflict with an import that has ended.
pub const HAS_ENDED: &str = "import_over";

/// The state of an import. Its job moves it by `store::transitions`, and people cancel it or answer
/// its questions by `store::imports`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum State {
    Received,
    Checking,
    NeedsInput,
    Loading,
    Succeeded,
    Failed,
    Cancelled,
    /// Taken back after its end: nothing of it is left.
    Reverted,
}

impl State {
    pub fn is_final(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Reverted => true,
            Self::Received | Self::Checking | Self::NeedsInput | Self::Loading => false,
        }
    }
}

/// An import as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct Import {
    pub id: ImportId,
    pub kind: Kind,
    pub state: State,
    pub job_id: Option<JobId>,
    pub file_name: String,
    pub file_bytes: i64,
    pub options: Json<Options>,
    pub detected: Option<Json<Detected>>,
    /// What a resume must answer, in the state `needs_input`.
    pub questions: Json<Vec<Question>>,
    pub rows_total: i64,
    pub rows_imported: i64,
    pub rows_updated: i64,
    pub rows_unchanged: i64,
    pub rows_rejected: i64,
    pub rows_ignored: i64,
    pub totals: Json<ImportTotals>,
    pub warnings: Json<Vec<Warning>>,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    /// The import of the same file that made this one unnecessary.
    pub repeats_id: Option<ImportId>,
    pub created_at: DateTime<Utc>,
    /// The person who sent the file, or whose API key did.
    pub created_by: Option<UserId>,
    /// The request that sent the file.
    pub request_id: Option<String>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub reverted_at: Option<DateTime<Utc>>,
}

/// What an import read, created and netted, beside the columns `rows_..`. All are zero until the
/// file has been read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportTotals {
    pub sales: u64,
    pub returns: u64,
    pub cancellations: u64,
    pub adjustments: u64,
    /// Cancellations and returns of the affected products that found the sale they undo.
    pub netted: u64,
    pub products: u64,
    pub products_created: u64,
    pub customers_created: u64,
    /// Rows whose key a later row of the file has.
    pub superseded: u64,
}

impl From<&RowTotals> for ImportTotals {
    fn from(totals: &RowTotals) -> Self {
        Self {
            sales: totals.sales,
            returns: totals.returns,
            cancellations: totals.cancellations,
            adjustments: totals.adjustments,
            ..Self::default()
        }
    }
}

/// Rows that were accepted and should be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Warning {
    pub code: WarningCode,
    pub rows: u64,
    /// In the company's language.
    pub message: String,
    /// The first lines of the file that it concerns.
    pub lines: Vec<u64>,
    /// Where it concerns no line of the file: what it concerns, by document and code.
    pub examples: Vec<String>,
}

/// Why rows should be looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    /// Lines that equal an earlier one in every field, and were kept.
    DuplicateLines,
    /// The same, dropped by `options.duplicates`.
    DroppedLines,
    /// Lines whose own id a later line has.
    SupersededLines,
    NegativePrices,
    FutureDates,
    /// Lines whose amount isn't price times quantity: the difference is their discount.
    DifferingAmounts,
    AbsurdQuantities,
    /// Recorded lines of the file's documents that the file leaves out.
    MissingLines,
    /// Rows of an error file whose lost occurrence was taken.
    LinesTaken,
    /// Corrected rows that equal a sale of another file, and were added beside it.
    FurtherLines,
    /// Known lines that the file changes.
    ChangedLines,
    /// Known lines that the file moves to another day or site.
    MovedLines,
    /// Sales that the file cancels, although a return stands that no other sale explains: it may be
    /// theirs, and is counted twice then.
    ReturnedLines,
    /// Recorded lines of the file's days that the file lacks: cancelled by `options.same_day`.
    ReplacedLines,
    /// Lines without a time of day that stand before a count of their day: they move no stock.
    UnmovedLines,
    /// Texts that were decoded by the wrong encoding before they came into the file.
    GarbledText,
    /// Codes that differ and look alike.
    LookAlikeCodes,
    /// Totals of the rows above them, which were left out.
    TotalRows,
    /// Of a preview: more rows than the plan leaves this month, unless some are recorded already.
    PlanRows,
    /// Codes that a spreadsheet may have made of others.
    DamagedCodes,
    /// Computed numbers with more decimals than are stored.
    RoundedNumbers,
    /// Products that an earlier row of the file names with other values, which are lost.
    RepeatedProducts,
    /// Rows that the spreadsheet hides, as by a filter.
    HiddenRows,
    /// Names that are dates or truth values in the spreadsheet.
    TypedTexts,
    /// A warning that a newer release stored.
    #[default]
    #[serde(other)]
    Unknown,
}

impl Warning {
    pub(super) fn of_rows(code: WarningCode, rows: u64, language: Language) -> Self {
        Self {
            code,
            rows,
            message: code.message().render(language),
            ..Self::default()
        }
    }
}

impl WarningCode {
    pub(super) fn as_str(self) -> &'static str {
        self.texts().0
    }

    pub(super) fn message(self) -> Text {
        Text::new(self.texts().1)
    }

    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::DuplicateLines => ("duplicate_lines", "warn_duplicate_lines"),
            Self::DroppedLines => ("dropped_lines", "warn_dropped_lines"),
            Self::SupersededLines => ("superseded_lines", "warn_superseded_lines"),
            Self::NegativePrices => ("negative_prices", "warn_negative_prices"),
            Self::FutureDates => ("future_dates", "warn_future_dates"),
            Self::DifferingAmounts => ("differing_amounts", "warn_differing_amounts"),
            Self::AbsurdQuantities => ("absurd_quantities", "warn_absurd_quantities"),
            Self::MissingLines => ("missing_lines", "warn_missing_lines"),
            Self::LinesTaken => ("lines_taken", "warn_lines_taken"),
            Self::FurtherLines => ("further_lines", "warn_further_lines"),
            Self::ChangedLines => ("changed_lines", "warn_changed_lines"),
            Self::MovedLines => ("moved_lines", "warn_moved_lines"),
            Self::ReturnedLines => ("returned_lines", "warn_returned_lines"),
            Self::ReplacedLines => ("replaced_lines", "warn_replaced_lines"),
            Self::UnmovedLines => ("unmoved_lines", "warn_unmoved_lines"),
            Self::GarbledText => ("garbled_text", "warn_garbled_text"),
            Self::LookAlikeCodes => ("look_alike_codes", "warn_look_alike_codes"),
            Self::TotalRows => ("total_rows", "warn_total_rows"),
            Self::PlanRows => ("plan_rows", "plan_rows"),
            Self::DamagedCodes => ("damaged_codes", "warn_damaged_codes"),
            Self::RoundedNumbers => ("rounded_numbers", "warn_rounded_numbers"),
            Self::RepeatedProducts => ("repeated_products", "warn_repeated_products"),
            Self::HiddenRows => ("hidden_rows", "warn_hidden_rows"),
            Self::TypedTexts => ("typed_texts", "warn_typed_texts"),
            Self::Unknown => ("unknown", "warn_unknown"),
        }
    }
}

/// A file that has been uploaded.
#[derive(Debug, Clone)]
pub struct NewImport {
    pub id: ImportId,
    pub kind: Kind,
    pub file_name: String,
    pub blob_key: String,
    pub file_bytes: u64,
    pub file_sha256: [u8; 32],
    pub options: Options,
    pub created_by: Option<UserId>,
}

/// What the job that works on an import must know.
#[derive(Debug, Clone)]
pub struct ImportWork {
    pub id: ImportId,
    pub kind: Kind,
    pub state: State,
    pub blob_key: String,
    pub file_bytes: u64,
    pub file_sha256: Vec<u8>,
    pub options: Options,
    pub created_at: DateTime<Utc>,
    /// The zone, the currency and the language of the company.
    pub zone: chrono_tz::Tz,
    pub currency: String,
    pub language: Language,
    /// The last line whose row is in the catalog.
    pub merged_through: i64,
    pub totals: ImportTotals,
}

impl ImportWork {
    /// Returns the company's settings with the time of the upload, so that every attempt reads the
    /// same dates.
    pub fn context(&self) -> Context {
        Context {
            now: self.created_at,
            zone: self.zone,
            currency: self.currency.clone(),
            language: self.language,
        }
    }

    /// Returns the currency of the products that the import creates.
    pub fn product_currency(&self) -> &str {
        self.options.currency.as_deref().unwrap_or(&self.currency)
    }
}

/// The issues of a row as they are stored.
#[derive(Debug, Clone, Serialize)]
pub struct StoredRowIssues {
    pub line: i64,
    pub severity: Severity,
    pub issues: Json<Vec<Issue>>,
    /// The row's fields as they stand in the file.
    pub fields: Json<Vec<String>>,
    /// The identity of the line, where it is valid, and which line of it the row is.
    #[serde(skip)]
    pub key: Option<Vec<u8>>,
    #[serde(skip)]
    pub occurrence: Option<i64>,
    /// The import that first rejected the row, and its line there.
    #[serde(skip)]
    pub origin: Uuid,
    #[serde(skip)]
    pub origin_line: i64,
}
