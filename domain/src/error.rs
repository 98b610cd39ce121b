//! The error of all store functions and rules. A case that callers must branch on is a return value
//! of its function, never a variant here.

use platform::StoreError;

/// A rejection by the business, or a failure of the database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The company has no such row. HTTP 404.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// Conflicts with the current state; `code` is stable and machine-readable. HTTP 409.
    #[error("{message}")]
    Conflict { code: &'static str, message: String },
    /// The caller's role does not permit the action. HTTP 403.
    #[error("{0}")]
    Forbidden(&'static str),
    /// One or more fields are invalid. HTTP 422.
    #[error("invalid input: {}", describe_fields(.0))]
    Invalid(Vec<FieldError>),
    /// A statement failed. The cause is logged and never shown to callers. HTTP 500.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// One invalid field: `field` is its JSON path, `code` is stable, `message` is for people.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    pub field: String,
    pub code: &'static str,
    pub message: String,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Builds the error of a single invalid field.
    pub fn invalid(
        field: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self::Invalid(vec![FieldError {
            field: field.into(),
            code,
            message: message.into(),
        }])
    }

    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::Conflict {
            code,
            message: message.into(),
        }
    }
}

impl StoreError for Error {
    fn into_database_error(self) -> Result<sqlx::Error, Self> {
        match self {
            Self::Database(cause) => Ok(cause),
            decision @ (Self::NotFound(_)
            | Self::Conflict { .. }
            | Self::Forbidden(_)
            | Self::Invalid(_)) => Err(decision),
        }
    }
}

fn describe_fields(fields: &[FieldError]) -> String {
    let parts: Vec<_> = fields
        .iter()
        .map(|f| format!("{}: {}", f.field, f.message))
        .collect();
    parts.join("; ")
}
