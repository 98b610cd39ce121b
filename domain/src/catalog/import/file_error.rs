//! Why a whole file can't be taken, or what must be asked first.

use serde::{Deserialize, Serialize};

/// The file as a whole is refused; nothing of it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Stable and machine-readable, as `empty_file`.
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// What the file is told where the database refused one of its values (SQLSTATE class 22): another try would meet it
/// again.
pub fn refused_value(cause: &(dyn std::error::Error + 'static)) -> Option<Refusal> {
    let code = cause
        .downcast_ref::<sqlx::Error>()?
        .as_database_error()?
        .code()?;
    let message = "a value of the file is beyond what can be stored";
    code.starts_with("22")
        .then(|| Refusal::new("value_out_of_range", message))
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Self::new(
            "unreadable_file",
            format!("the file can't be read: {error}"),
        )
    }
}

/// Something that the file alone doesn't tell; the answer goes into the option of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Name of the option, as `date_format`.
    pub option: String,
    /// Values that the option may take here.
    pub choices: Vec<String>,
    pub message: String,
    /// A few values that can be read in more than one way.
    pub examples: Vec<String>,
}
