//! The errors of the API: problems (RFC 9457) with a closed list of codes. [`crate::problem`]
//! writes the body, with the request's id, and logs the causes of failures.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::FieldError;
use providers::{Class, ProviderError};
use sqlx::error::DatabaseError;

use crate::codes::ErrorCode;

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A rejection or a failure, as a handler returns it.
#[derive(Debug, Clone)]
pub(crate) struct Error(Arc<Problem>);

#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) code: ErrorCode,
    pub(crate) detail: String,
    pub(crate) errors: Vec<FieldError>,
    /// Seconds.
    pub(crate) retry_after: Option<u64>,
    /// Logged, never shown.
    pub(crate) cause: Option<Cause>,
}

impl Error {
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self(Arc::new(Problem {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            cause: None,
        }))
    }

    /// One or more invalid fields; 422.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] if only.field.is_empty() => only.message.clone(),
            [only] => format!("{}: {}", only.field, only.message),
            several => format!("{} fields are invalid", several.len()),
        };
        Self(Arc::new(Problem {
            code: ErrorCode::InvalidInput,
            detail,
            errors,
            retry_after: None,
            cause: None,
        }))
    }

    /// One invalid field; 422.
    pub(crate) fn invalid_field(
        field: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self::invalid(vec![FieldError {
            field: field.into(),
            code,
            message: message.into(),
        }])
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("{what} not found"))
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, detail)
    }

    /// 429; `seconds` until the next attempt may succeed.
    pub(crate) fn rate_limited(detail: impl Into<String>, seconds: u64) -> Self {
        Self(Arc::new(Problem {
            code: ErrorCode::RateLimited,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: Some(seconds.max(1)),
            cause: None,
        }))
    }

    /// A failure of ours: the cause is logged, the response shows only the request's id.
    pub(crate) fn internal(cause: impl Into<Cause>) -> Self {
        Self::from_cause(ErrorCode::Internal, cause)
    }

    /// A dependency is unavailable for now; the cause is logged.
    pub(crate) fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::from_cause(ErrorCode::Unavailable, cause)
    }

    fn from_cause(code: ErrorCode, cause: impl Into<Cause>) -> Self {
        Self(Arc::new(Problem {
            code,
            detail: String::new(),
            errors: Vec::new(),
            retry_after: None,
            cause: Some(cause.into()),
        }))
    }

    pub(crate) fn problem(&self) -> &Problem {
        &self.0
    }
}

impl From<domain::Error> for Error {
    fn from(error: domain::Error) -> Self {
        match error {
            domain::Error::NotFound(what) => Self::not_found(what),
            domain::Error::Conflict { code, message } => Self::new(
                ErrorCode::find_by_name(code).unwrap_or(ErrorCode::Conflict),
                message,
            ),
            domain::Error::Forbidden(why) => Self::forbidden(why),
            domain::Error::Invalid(fields) => Self::invalid(fields),
            domain::Error::Database(cause) => cause.into(),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(cause: sqlx::Error) -> Self {
        match &cause {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                Self::unavailable(cause)
            }
            sqlx::Error::Database(error) if is_transient(error.as_ref()) => {
                Self::unavailable(cause)
            }
            sqlx::Error::Database(error)
                if error.code().is_some_and(|code| code.starts_with("22")) =>
            {
                tracing::warn!(%cause, "a value of the request cannot be stored");
                Self::invalid_field(
                    "",
                    "out_of_range",
                    "a value is out of the range that can be stored",
                )
            }
            _ => Self::internal(cause),
        }
    }
}

/// Whether Postgres is stopping or starting, has no connection left, timed out on a lock, or broke
/// a deadlock or serialisation conflict.
fn is_transient(error: &dyn DatabaseError) -> bool {
    matches!(
        error.code().as_deref(),
        Some("57P01" | "57P02" | "57P03" | "53300" | "55P03" | "40P01" | "40001")
    )
}

/// Of a provider's error, the response shows when to retry, never the provider's text.
impl From<ProviderError> for Error {
    fn from(error: ProviderError) -> Self {
        match error.class {
            Class::RateLimited => {
                let seconds = error.retry_after.map_or(60, |wait| wait.as_secs());
                Self::rate_limited(
                    format!("{} limits the rate of requests", error.provider()),
                    seconds,
                )
            }
            Class::Retry | Class::Unknown => Self::unavailable(error),
            Class::Permanent
            | Class::Misconfigured
            | Class::NeedsReauth
            | Class::Recipient
            | Class::Unreachable
            | Class::WindowClosed
            | Class::TooMuchData
            | Class::Expired
            | Class::AlreadyDone => Self::internal(error),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.0.code.status();
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The problem of a rejection that axum made with only a status.
pub(crate) fn from_status(status: StatusCode) -> Error {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Error::new(ErrorCode::BodyTooLarge, "the body is too large")
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Error::new(ErrorCode::UnsupportedMediaType, "unsupported content type")
        }
        _ => Error::new(ErrorCode::BadRequest, "the request cannot be read"),
    }
}
