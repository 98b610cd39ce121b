//! The few ways in which the business says no. A case that a caller must branch on is a return
//! value of its function, never a variant here.

use platform::StoreError;

/// What every function of the domain may fail with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The named thing isn't there for this company; the HTTP answer is 404.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The state of things forbids it; `code` is stable and machine-readable. HTTP 409.
    #[error("{message}")]
    Conflict { code: &'static str, message: String },
    /// The caller's role doesn't allow it. HTTP 403.
    #[error("{0}")]
    Forbidden(&'static str),
    /// One or more fields are wrong. HTTP 422.
    #[error("invalid input: {}", describe(.0))]
    Invalid(Vec<FieldError>),
    /// The database failed; the cause is logged and never shown.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// One wrong field: `field` is its JSON path, `code` is stable, `message` is for people.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    pub field: String,
    pub code: &'static str,
    pub message: String,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A single wrong field.
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

fn describe(fields: &[FieldError]) -> String {
    let parts: Vec<_> = fields
        .iter()
        .map(|f| format!("{}: {}", f.field, f.message))
        .collect();
    parts.join("; ")
}
