//! Logs and metrics of a run.

use std::time::Duration;

use super::attempt_outcome::RunOutcome;
use super::claim::Claim;
use super::failure::FailureAction;
use super::failure_class::FailureClass;
use super::state::TerminalState;

/// Logs and counts a failure. Returns the error of an attempt that failed.
pub(super) fn report_failure(claim: &Claim, action: &FailureAction) -> Option<String> {
    match action {
        FailureAction::Retry { wait, class, error } => {
            count_failure(&claim.kind, *class);
            tracing::warn!(
                wait_ms = wait.as_millis(),
                class = class.name(),
                error,
                "job will be retried"
            );
            Some(error.clone())
        }
        FailureAction::Snooze { reason, .. } => {
            tracing::info!(reason, "job snoozed");
            None
        }
        FailureAction::Requeue => {
            tracing::info!("job requeued, the worker stops");
            None
        }
        FailureAction::Finish {
            state: TerminalState::Parked,
            error,
            ..
        } => {
            metrics::counter!("vigie_jobs_parked_total", "reason" => "unreadable").increment(1);
            tracing::error!(error, "job parked");
            Some(error.clone())
        }
        FailureAction::Finish { class, error, .. } => {
            if let Some(class) = class {
                count_failure(&claim.kind, *class);
                tracing::error!(class = class.name(), error, "job is dead");
            }
            Some(error.clone())
        }
    }
}

fn count_failure(kind: &str, class: FailureClass) {
    metrics::counter!(
        "vigie_job_failures_total",
        "kind" => kind.to_owned(), "class" => class.name()
    )
    .increment(1);
}

/// Logs and counts the end of a run.
pub(super) fn report_run(claim: &Claim, outcome: RunOutcome, waited: Duration, ran: Duration) {
    let outcome = outcome.name();
    let kind = claim.kind.clone();
    metrics::histogram!("vigie_job_wait_seconds", "kind" => kind.clone()).record(waited);
    metrics::histogram!("vigie_job_run_seconds", "kind" => kind.clone()).record(ran);
    metrics::counter!("vigie_jobs_finished_total", "kind" => kind, "outcome" => outcome)
        .increment(1);
    tracing::info!(
        outcome,
        waited_ms = waited.as_millis(),
        ran_ms = ran.as_millis(),
        "job ended"
    );
}
