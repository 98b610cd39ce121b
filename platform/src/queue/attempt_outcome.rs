//! The outcome of an attempt, and what becomes of its job.

use std::time::Duration;

use tokio::task::JoinError;

use super::claim::Claim;
use super::failure::FailureAction;
use super::failure_class::FailureClass;
use super::job_error::JobError;
use super::job_result::{Done, JobResult};
use super::retry;
use super::state::TerminalState;
use crate::text::clean_text;

/// Longest stored error text, in characters.
pub(super) const MAX_ERROR_CHARS: usize = 2_000;

/// What an attempt came to, before it is recorded.
pub(super) enum AttemptOutcome {
    /// The job committed its own success.
    Committed,
    /// The job succeeded; its JSON result is to be recorded.
    Result(Option<String>),
    /// Another claim owns the job.
    Lost,
    /// The job failed, snoozed, was stopped or cancelled.
    Unsuccessful(FailureAction),
}

/// The outcome of a run, as metrics count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    Succeeded,
    Lost,
    Retried,
    Snoozed,
    Requeued,
    Dead,
    Cancelled,
    Parked,
}

impl RunOutcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Lost => "lost",
            Self::Retried => "retried",
            Self::Snoozed => "snoozed",
            Self::Requeued => "requeued",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
            Self::Parked => "parked",
        }
    }
}

impl From<&FailureAction> for RunOutcome {
    fn from(action: &FailureAction) -> Self {
        match action {
            FailureAction::Retry { .. } => Self::Retried,
            FailureAction::Snooze { .. } => Self::Snoozed,
            FailureAction::Requeue => Self::Requeued,
            FailureAction::Finish { state, .. } => match state {
                TerminalState::Succeeded => Self::Succeeded,
                TerminalState::Dead => Self::Dead,
                TerminalState::Cancelled => Self::Cancelled,
                TerminalState::Parked => Self::Parked,
            },
        }
    }
}

/// Classifies what a job's body returned.
pub(super) fn classify_result(claim: &Claim, result: JobResult) -> AttemptOutcome {
    match result {
        Ok(Done::Committed) => AttemptOutcome::Committed,
        Ok(Done::Result(result)) => AttemptOutcome::Result(result),
        Err(error) => classify_error(claim, error),
    }
}

fn classify_error(claim: &Claim, error: JobError) -> AttemptOutcome {
    let action = match error {
        JobError::Lost => return AttemptOutcome::Lost,
        JobError::Retry(cause) => {
            retry_or_die(claim, FailureClass::Retry, error_chain(&*cause), None)
        }
        JobError::RetryAfter(wait, cause) => {
            let error = error_chain(&*cause);
            retry_or_die(claim, FailureClass::RateLimited, error, Some(wait))
        }
        JobError::Snooze(wait, reason) => FailureAction::Snooze {
            wait: retry::clamp_requested_wait(wait),
            reason,
        },
        JobError::Fail(cause) => FailureAction::Finish {
            state: TerminalState::Dead,
            class: Some(FailureClass::Permanent),
            error: error_chain(&*cause),
        },
        JobError::Cancelled => FailureAction::Finish {
            state: TerminalState::Cancelled,
            class: None,
            error: "cancelled while running".to_owned(),
        },
    };
    AttemptOutcome::Unsuccessful(action)
}

/// Classifies an attempt whose task panicked.
pub(super) fn classify_panic(claim: &Claim, panic: JoinError) -> AttemptOutcome {
    let error = panic_text(panic);
    AttemptOutcome::Unsuccessful(retry_or_die(claim, FailureClass::Panic, error, None))
}

/// Classifies an attempt that ran longer than its kind's timeout.
pub(super) fn classify_timeout(claim: &Claim, timeout: Duration) -> AttemptOutcome {
    let error = format!("ran longer than {timeout:?}");
    AttemptOutcome::Unsuccessful(retry_or_die(claim, FailureClass::Timeout, error, None))
}

/// Parks a job that this process can't run.
pub(super) fn park_job(reason: String) -> AttemptOutcome {
    AttemptOutcome::Unsuccessful(FailureAction::Finish {
        state: TerminalState::Parked,
        class: None,
        error: reason,
    })
}

fn retry_or_die(
    claim: &Claim,
    class: FailureClass,
    error: String,
    provider_wait: Option<Duration>,
) -> FailureAction {
    if claim.attempt >= claim.max_attempts {
        return FailureAction::Finish {
            state: TerminalState::Dead,
            class: Some(class),
            error,
        };
    }
    let wait = match provider_wait {
        Some(wait) => retry::clamp_requested_wait(wait),
        None => {
            let attempt = u32::from(claim.attempt.unsigned_abs());
            retry::compute_backoff(attempt, rand::random())
        }
    };
    FailureAction::Retry { wait, class, error }
}

/// Joins an error with its causes.
fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    clean_text(&text, MAX_ERROR_CHARS)
}

fn panic_text(panic: JoinError) -> String {
    let Ok(payload) = panic.try_into_panic() else {
        return "the job's task was stopped".to_owned();
    };
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    match text {
        Some(text) => format!("panicked: {text}"),
        None => "panicked without a message".to_owned(),
    }
}
