//! How the API says no: RFC 9457 problems with a closed list of codes. The body is written by
//! [`crate::shell`], which knows the request's id and logs the cause of what is our own fault.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::FieldError;
use providers::{Class, ProviderError};
use sqlx::error::DatabaseError;

use crate::codes::ErrorCode;

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A refusal or a failure, on its way to the caller.
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

    /// One or more wrong fields; 422.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] if only.field.is_empty() => only.message.clone(),
            [only] => format!("{}: {}", only.field, only.message),
            several => format!("{} fields are wrong", several.len()),
        };
        Self(Arc::new(Problem {
            code: ErrorCode::InvalidInput,
            detail,
            errors,
            retry_after: None,
            cause: None,
        }))
    }

    /// One wrong field; 422.
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

    /// Too many; `seconds` until the next try is worth it.
    pub(crate) fn rate_limited(detail: impl Into<String>, seconds: u64) -> Self {
        Self(Arc::new(Problem {
            code: ErrorCode::RateLimited,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: Some(seconds.max(1)),
            cause: None,
        }))
    }

    /// Our own fault: the cause goes to the log, the caller learns the request's id.
    pub(crate) fn internal(cause: impl Into<Cause>) -> Self {
        Self::failed(ErrorCode::Internal, cause)
    }

    /// Something that we need is away for the moment.
    pub(crate) fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::failed(ErrorCode::Unavailable, cause)
    }

    fn failed(code: ErrorCode, cause: impl Into<Cause>) -> Self {
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
                ErrorCode::of_name(code).unwrap_or(ErrorCode::Conflict),
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
            sqlx::Error::Database(refusal) if is_passing(refusal.as_ref()) => {
                Self::unavailable(cause)
            }
            sqlx::Error::Database(refusal)
                if refusal.code().is_some_and(|code| code.starts_with("22")) =>
            {
                tracing::warn!(%cause, "a value of the request can't be stored");
                Self::invalid_field("", "out_of_range", "a value is beyond what can be stored")
            }
            _ => Self::internal(cause),
        }
    }
}

/// Postgres stops, starts, has no connection left, waited too long for a lock or ended a ring of waits.
fn is_passing(refusal: &dyn DatabaseError) -> bool {
    matches!(
        refusal.code().as_deref(),
        Some("57P01" | "57P02" | "57P03" | "53300" | "55P03" | "40P01" | "40001")
    )
}

/// What a caller learns of a refusal by a service of ours: when to come back, never its words.
impl From<ProviderError> for Error {
    fn from(refused: ProviderError) -> Self {
        match refused.class {
            Class::RateLimited => {
                let seconds = refused.retry_after.map_or(60, |wait| wait.as_secs());
                Self::rate_limited(format!("{} asks for a pause", refused.provider()), seconds)
            }
            Class::Retry | Class::Unknown => Self::unavailable(refused),
            _ => Self::internal(refused),
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

/// The status of a refusal that a layer of axum made without us.
pub(crate) fn of_status(status: StatusCode) -> Error {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Error::new(ErrorCode::BodyTooLarge, "the body is too large")
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Error::new(ErrorCode::UnsupportedMediaType, "unsupported content type")
        }
        _ => Error::new(ErrorCode::BadRequest, "the request can't be read"),
    }
}
