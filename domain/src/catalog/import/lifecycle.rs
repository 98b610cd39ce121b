//! What an import is, from its upload to its end.

use chrono::{DateTime, Utc};
use platform::id_type;
use platform::ids::{JobId, UserId};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use crate::catalog::import::detect::detection::Detected;
use crate::catalog::import::file_error::Question;
use crate::catalog::import::options::Options;
use crate::catalog::import::rows::validate::Totals;

id_type!(ImportId, "One file on its way into the catalog.");

/// Where an import is.
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
}

impl State {
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// An import as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct Import {
    pub id: ImportId,
    /// `sales`, `products` or `stock_counts`.
    pub kind: String,
    pub state: State,
    pub job_id: Option<JobId>,
    pub file_name: String,
    pub file_bytes: i64,
    pub options: Json<Options>,
    pub detected: Option<Json<Detected>>,
    /// What has to be answered by a resume, where the state is `needs_input`.
    pub questions: Json<Vec<Question>>,
    pub rows_total: i64,
    pub rows_imported: i64,
    pub rows_updated: i64,
    pub rows_unchanged: i64,
    pub rows_rejected: i64,
    pub rows_ignored: i64,
    pub totals: Json<Counts>,
    pub warnings: Json<Vec<Warning>>,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    /// The import of the same file that made this one unnecessary.
    pub repeats_id: Option<ImportId>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// Further counts of what a file held and what it made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    pub sales: u64,
    pub returns: u64,
    pub cancellations: u64,
    pub adjustments: u64,
    /// Undoing lines of the touched products that found the sale they undo.
    pub netted: u64,
    pub products: u64,
    pub products_created: u64,
    pub customers_created: u64,
    /// Rows of a key that a later row of the file has again.
    pub superseded: u64,
}

impl From<&Totals> for Counts {
    fn from(totals: &Totals) -> Self {
        Self {
            sales: totals.sales,
            returns: totals.returns,
            cancellations: totals.cancellations,
            adjustments: totals.adjustments,
            ..Self::default()
        }
    }
}

/// Something that was let through and should be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Stable and machine-readable, as `duplicate_lines`.
    pub code: String,
    pub rows: u64,
}

/// A file that has been uploaded.
#[derive(Debug, Clone)]
pub struct NewImport {
    pub id: ImportId,
    pub kind: crate::catalog::import::Kind,
    pub file_name: String,
    pub blob_key: String,
    pub file_bytes: u64,
    pub file_sha256: [u8; 32],
    pub options: Options,
    pub created_by: Option<UserId>,
}

/// What the job that works on an import must know.
#[derive(Debug, Clone)]
pub struct Work {
    pub id: ImportId,
    pub kind: crate::catalog::import::Kind,
    pub state: State,
    pub blob_key: String,
    pub file_bytes: u64,
    pub file_sha256: Vec<u8>,
    pub options: Options,
    pub created_at: DateTime<Utc>,
    /// The zone and the currency of the company.
    pub zone: chrono_tz::Tz,
    pub currency: String,
    /// The last line whose row is in the catalog.
    pub merged_through: i64,
    /// What is known of the file's counts.
    pub counts: Counts,
}

impl Work {
    /// The company's settings as of the upload: a second try reads dates as the first did.
    pub fn context(&self) -> crate::catalog::import::Context {
        crate::catalog::import::Context {
            now: self.created_at,
            zone: self.zone,
            currency: self.currency.clone(),
        }
    }

    /// The currency of products that the import makes.
    pub fn product_currency(&self) -> &str {
        self.options.currency.as_deref().unwrap_or(&self.currency)
    }
}

/// A refused row.
#[derive(Debug, Clone, Serialize)]
pub struct ImportError {
    pub line: i64,
    pub column: Option<String>,
    pub value: String,
    pub code: String,
    pub reason: String,
    /// The row's fields as they stand in the file.
    pub fields: Json<Vec<String>>,
    /// The identity of the line, where it can be read, and which line of it the row is.
    #[serde(skip)]
    pub key: Option<Vec<u8>>,
    #[serde(skip)]
    pub occurrence: Option<i64>,
}
