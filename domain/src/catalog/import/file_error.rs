//! Why a whole file is rejected.

/// The file as a whole is rejected; none of its rows was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FileError {
    /// Stable and machine-readable, as `empty_file`.
    pub code: &'static str,
    pub message: String,
}

impl FileError {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// Returns the error of a file that holds a value which Postgres rejected (SQLSTATE class 22).
    /// Another attempt would meet the same value.
    pub fn from_rejected_value(cause: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let code = cause
            .downcast_ref::<sqlx::Error>()?
            .as_database_error()?
            .code()?;
        let message = "a value of the file is beyond what can be stored";
        code.starts_with("22")
            .then(|| Self::new("value_out_of_range", message))
    }
}

impl From<std::io::Error> for FileError {
    fn from(error: std::io::Error) -> Self {
        Self::new(
            "unreadable_file",
            format!("the file can't be read: {error}"),
        )
    }
}
