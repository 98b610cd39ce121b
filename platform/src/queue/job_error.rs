//! Why an attempt did not succeed, and what the engine does next.

use std::fmt::Display;
use std::time::Duration;

use crate::StoreError;

pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The outcome of an attempt that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Another attempt follows after a back-off.
    #[error("{0}")]
    Retry(Cause),
    /// Another attempt follows, not before the wait that the provider requested.
    #[error("{1}")]
    RetryAfter(Duration, Cause),
    /// The job is rescheduled without spending the attempt.
    #[error("snoozed: {1}")]
    Snooze(Duration, String),
    /// No other attempt would help.
    #[error("{0}")]
    Fail(Cause),
    /// The job stopped at its cancellation.
    #[error("cancelled")]
    Cancelled,
    /// Another claim owns the job, so this attempt must write nothing more.
    #[error("the claim was lost")]
    Lost,
}

impl JobError {
    pub fn retry(cause: impl Into<Cause>) -> Self {
        Self::Retry(cause.into())
    }

    pub fn retry_after(wait: Duration, cause: impl Into<Cause>) -> Self {
        Self::RetryAfter(wait, cause.into())
    }

    pub fn fail(cause: impl Into<Cause>) -> Self {
        Self::Fail(cause.into())
    }

    pub fn snooze(wait: Duration, reason: impl Display) -> Self {
        Self::Snooze(wait, reason.to_string())
    }
}

impl From<sqlx::Error> for JobError {
    fn from(cause: sqlx::Error) -> Self {
        match cause {
            // The process is busy, which is no fault of the job.
            sqlx::Error::PoolTimedOut => Self::snooze(Duration::from_secs(1), cause),
            _ => Self::retry(cause),
        }
    }
}

/// Only a failure of the database is worth another attempt: a decision would be the same again.
impl<E: StoreError> From<E> for JobError {
    fn from(error: E) -> Self {
        match error.into_database_error() {
            Ok(cause) => cause.into(),
            Err(decision) => Self::fail(decision),
        }
    }
}

impl From<std::io::Error> for JobError {
    fn from(cause: std::io::Error) -> Self {
        Self::retry(cause)
    }
}

impl From<serde_json::Error> for JobError {
    fn from(cause: serde_json::Error) -> Self {
        Self::fail(cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_of_the_connection_pool_spends_no_attempt() {
        assert!(matches!(
            JobError::from(sqlx::Error::PoolTimedOut),
            JobError::Snooze(..)
        ));
        assert!(matches!(
            JobError::from(sqlx::Error::WorkerCrashed),
            JobError::Retry(_)
        ));
    }
}
