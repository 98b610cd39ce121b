//! What the caller must answer before a file can be imported.

use serde::{Deserialize, Serialize};

use crate::catalog::import::field::Field;

/// The option that an answer goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionOption {
    Decimal,
    DateFormat,
    Discounts,
    Mapping,
    RepeatedCounts,
    Encoding,
    LeadingZeros,
    SameDay,
    Sheet,
    TypedDates,
}

/// Why the file doesn't decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionReason {
    /// Every choice reads every value, and not the same.
    Undecided,
    /// No choice reads every value; the rows that the answer can't read are rejected.
    Contradiction,
    /// Several columns have the same header, or headers of one meaning.
    RepeatedHeader,
    /// A file of counts counts a product more than once.
    RepeatedProducts,
    /// Codes that differ only by leading zeros.
    SimilarCodes,
    /// Other files hold other lines of the same days.
    RecordedDays,
    /// Several sheets have the columns and rows.
    SeveralSheets,
    /// Day and month of dates may be swapped.
    SwappedDates,
}

/// Something that the file alone doesn't decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub option: QuestionOption,
    pub reason: QuestionReason,
    /// The field whose column it is about; `None` where it is about the whole file.
    pub field: Option<Field>,
    /// The header of the column.
    pub column: Option<String>,
    /// Values that the option may take here.
    pub choices: Vec<String>,
    pub message: String,
    /// A few values that show the doubt.
    pub examples: Vec<Example>,
}

/// A value of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    pub line: u64,
    pub value: String,
}

/// Characters of an example.
const MAX_EXAMPLE_CHARS: usize = 60;

impl Example {
    /// Keeps the text in a form that Postgres can store, whatever its cell holds.
    pub(in crate::catalog::import) fn new(line: u64, text: &str) -> Self {
        let text = text.replace('\0', "\u{fffd}");
        Self {
            line,
            value: text.chars().take(MAX_EXAMPLE_CHARS).collect(),
        }
    }
}
