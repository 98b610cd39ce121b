//! Recording of attempts that didn't succeed: a retry, a snooze, a requeue, or the end of the job.

use std::time::Duration;

use sqlx::PgConnection;

use super::attempt_outcome::MAX_ERROR_CHARS;
use super::claim::Claim;
use super::failure_class::FailureClass;
use super::state::TerminalState;
use super::success::Recorded;
use crate::text::clean_text;

/// What becomes of a job whose attempt didn't succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureAction {
    /// The job waits for another attempt; `class` and `error` are stored with this one.
    Retry {
        wait: Duration,
        class: FailureClass,
        error: String,
    },
    /// The job waits, and the attempt isn't spent.
    Snooze { wait: Duration, reason: String },
    /// The worker stops: the job is due at once, and the attempt isn't spent.
    Requeue,
    /// The job is over.
    Finish {
        state: TerminalState,
        class: Option<FailureClass>,
        error: String,
    },
}

/// The parameters of `record_failure.sql` that differ between the actions.
struct Outcome<'a> {
    wait: Option<Duration>,
    unspent: i16,
    state: TerminalState,
    class: Option<FailureClass>,
    error: &'a str,
    snooze_reason: Option<&'a str>,
}

impl FailureAction {
    /// A job with a pending cancellation request waits for no other attempt, so retries, snoozes
    /// and requeues carry the final state for that case.
    fn to_outcome(&self) -> Outcome<'_> {
        match self {
            Self::Retry { wait, class, error } => Outcome {
                wait: Some(*wait),
                unspent: 0,
                state: TerminalState::Cancelled,
                class: Some(*class),
                error,
                snooze_reason: None,
            },
            Self::Snooze { wait, reason } => Outcome {
                wait: Some(*wait),
                unspent: 1,
                state: TerminalState::Cancelled,
                class: None,
                error: "cancelled while running",
                snooze_reason: Some(reason),
            },
            Self::Requeue => Outcome {
                wait: Some(Duration::ZERO),
                unspent: 1,
                state: TerminalState::Cancelled,
                class: None,
                error: "cancelled while running",
                snooze_reason: Some("requeued: worker stopping"),
            },
            Self::Finish {
                state,
                class,
                error,
            } => Outcome {
                wait: None,
                unspent: 0,
                state: *state,
                class: *class,
                error,
                snooze_reason: None,
            },
        }
    }
}

/// Records what becomes of a claimed job whose attempt didn't succeed.
///
/// # Errors
/// After an error the outcome is unknown. Call again until it succeeds: nobody rescues the job
/// while this process sends heartbeats.
pub async fn record_failure(
    conn: &mut PgConnection,
    claim: &Claim,
    action: &FailureAction,
) -> sqlx::Result<Recorded> {
    let outcome = action.to_outcome();
    let recorded = sqlx::query_file_scalar!(
        "src/queue/record_failure.sql",
        claim.id.0,
        claim.fence,
        outcome.wait.map(|wait| wait.as_secs_f64()),
        outcome.unspent,
        outcome.state as TerminalState,
        outcome.class.map(FailureClass::name),
        clean_text(outcome.error, MAX_ERROR_CHARS),
        outcome
            .snooze_reason
            .map(|reason| clean_text(reason, MAX_ERROR_CHARS)),
    )
    .fetch_one(conn)
    .await?;
    Ok(recorded)
}
