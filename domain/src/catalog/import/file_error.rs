//! Why a whole file is rejected.

use std::fmt::Display;

use crate::Text;
use crate::identity::Language;

/// The file as a whole is rejected; none of its rows was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.reason.render(Language::En))]
pub struct FileError {
    /// Stable and machine-readable, as `empty_file`.
    pub code: &'static str,
    pub reason: Text,
}

impl FileError {
    /// The error whose reason is the message that is named like its code.
    pub fn new(code: &'static str) -> Self {
        Self::worded(code, Text::new(code))
    }

    pub fn worded(code: &'static str, reason: Text) -> Self {
        Self { code, reason }
    }

    /// Sets a variable of the reason.
    #[must_use]
    pub fn with(self, variable: &'static str, value: impl Display) -> Self {
        Self {
            reason: self.reason.with(variable, value),
            ..self
        }
    }

    /// Returns the error of a file that holds a value which Postgres rejected (SQLSTATE class 22).
    /// Another attempt would meet the same value.
    pub fn from_rejected_value(cause: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let code = cause
            .downcast_ref::<sqlx::Error>()?
            .as_database_error()?
            .code()?;
        code.starts_with("22")
            .then(|| Self::new("value_out_of_range"))
    }
}

impl From<std::io::Error> for FileError {
    fn from(error: std::io::Error) -> Self {
        let reason = Text::new("file_not_read").with("cause", error);
        Self::worded("unreadable_file", reason)
    }
}
