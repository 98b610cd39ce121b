//! Runs one claimed job: finds its kind, decodes the payload, runs the body under a timeout,
//! catches panics, and records the outcome. Workers and tests share it.
//!
//! A run returns once the outcome is recorded or the claim is known to be lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::attempt_outcome::{
    AttemptOutcome, classify_panic, classify_result, classify_timeout, park_job,
};
use super::claim::Claim;
use super::completions::Completions;
use super::failure::{self, FailureAction};
use super::job_context::Attempt;
use super::job_result::JobResult;
use super::registry::{Kind, Registry};
use super::run_report::{report_failure, report_run};
use super::success::Recorded;
use crate::db::{Db, STATEMENT_DEADLINE, with_deadline};
use crate::telemetry::TraceContext;

pub use super::attempt_outcome::RunOutcome;

/// How long an aborted body may take to reach its next await.
const ABORT_TIMEOUT: Duration = Duration::from_secs(5);
const FIRST_RECORD_RETRY: Duration = Duration::from_millis(100);
const MAX_RECORD_RETRY: Duration = Duration::from_secs(5);

/// What all runs of a process share.
#[derive(Debug)]
pub struct Runner<S> {
    pub registry: Arc<Registry<S>>,
    pub services: Arc<S>,
    pub db: Db,
    pub completions: Completions,
}

impl<S> Clone for Runner<S> {
    fn clone(&self) -> Self {
        Self {
            registry: self.registry.clone(),
            services: self.services.clone(),
            db: self.db.clone(),
            completions: self.completions.clone(),
        }
    }
}

/// The result of a run, for tests that drain the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    pub kind: String,
    pub outcome: RunOutcome,
    pub error: Option<String>,
}

impl<S: Send + Sync + 'static> Runner<S> {
    /// Runs `claim` until its outcome is recorded. `cancel` requests the body to stop. `stop`
    /// aborts the body and requeues the job, the attempt unspent.
    pub async fn run(
        &self,
        claim: Claim,
        cancel: CancellationToken,
        stop: &CancellationToken,
    ) -> Ran {
        let trace = TraceContext::of_job(claim.request_id.clone(), claim.traceparent.as_deref());
        let span = tracing::info_span!(
            "job",
            job_id = %claim.id,
            kind = %claim.kind,
            attempt = claim.attempt,
            request_id = claim.request_id,
            trace_id = trace.trace_id(),
        );
        // Boxed, so that the wrappers move a pointer.
        let running = Box::pin(self.run_in_span(claim, cancel, stop));
        trace.scope(running.instrument(span)).await
    }

    async fn run_in_span(
        &self,
        claim: Claim,
        cancel: CancellationToken,
        stop: &CancellationToken,
    ) -> Ran {
        let started = Instant::now();
        let waited = (claim.started_at - claim.run_at)
            .to_std()
            .unwrap_or_default();
        let attempted = match self.find_kind(&claim) {
            Ok(kind) => self.run_attempt(kind, &claim, cancel, stop).await,
            Err(reason) => park_job(reason),
        };
        let (outcome, error) = match attempted {
            AttemptOutcome::Committed => (RunOutcome::Succeeded, None),
            AttemptOutcome::Result(result) => {
                self.completions.record_success(&claim, result).await;
                (RunOutcome::Succeeded, None)
            }
            AttemptOutcome::Lost => (RunOutcome::Lost, None),
            // Boxed, because it is rare and would enlarge the future of every job.
            AttemptOutcome::Unsuccessful(action) => {
                let error = Box::pin(self.record_failure(&claim, &action, stop)).await;
                (RunOutcome::from(&action), error)
            }
        };
        report_run(&claim, outcome, waited, started.elapsed());
        Ran {
            kind: claim.kind,
            outcome,
            error,
        }
    }

    fn find_kind(&self, claim: &Claim) -> Result<&Kind<S>, String> {
        let Some(kind) = self.registry.find_kind(&claim.kind) else {
            return Err(format!("unknown kind {}", claim.kind));
        };
        if claim.version.cast_unsigned() > kind.version {
            return Err(format!(
                "payload version {} is newer than {}",
                claim.version, kind.version
            ));
        }
        Ok(kind)
    }

    async fn run_attempt(
        &self,
        kind: &Kind<S>,
        claim: &Claim,
        cancel: CancellationToken,
        stop: &CancellationToken,
    ) -> AttemptOutcome {
        let attempt = Attempt {
            services: self.services.clone(),
            db: self.db.clone(),
            claim: claim.clone(),
            cancel,
            started: Instant::now(),
            timeout: kind.timeout,
        };
        let body = match kind.start_job(attempt) {
            Ok(body) => body,
            Err(cause) => return park_job(cause.to_string()),
        };
        let trace = TraceContext::current();
        let mut task = crate::task::spawn_named("job", trace.scope(body));
        let cut_short = tokio::select! {
            ended = &mut task => return match ended {
                Ok(result) => classify_result(claim, result),
                Err(panic) => classify_panic(claim, panic),
            },
            () = tokio::time::sleep(kind.timeout) => classify_timeout(claim, kind.timeout),
            () = stop.cancelled() => AttemptOutcome::Unsuccessful(FailureAction::Requeue),
        };
        match abort_body(task).await {
            Some(result) => classify_result(claim, result),
            None => cut_short,
        }
    }

    /// Records a failure, however often the database fails: nobody else would while this process
    /// sends heartbeats. Once the process stops, one attempt is enough, because the job is rescued
    /// afterwards.
    async fn record_failure(
        &self,
        claim: &Claim,
        action: &FailureAction,
        stop: &CancellationToken,
    ) -> Option<String> {
        let mut wait = FIRST_RECORD_RETRY;
        loop {
            let recorded = with_deadline(self.db.hot(), STATEMENT_DEADLINE, async |conn| {
                failure::record_failure(conn, claim, action).await
            })
            .await;
            match recorded {
                Ok(Recorded::Stored) => break,
                Ok(Recorded::Rerun) => {
                    self.db.notify_relay();
                    break;
                }
                Ok(Recorded::Lost) => {
                    tracing::warn!("claim lost before its failure was recorded");
                    break;
                }
                Err(cause) if stop.is_cancelled() => {
                    tracing::warn!(%cause, "failure not recorded, the job will be rescued");
                    break;
                }
                Err(cause) => {
                    tracing::warn!(%cause, "failure not recorded, retrying");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(MAX_RECORD_RETRY);
                }
            }
        }
        if stop.is_cancelled() {
            self.db.notify_relay();
        }
        report_failure(claim, action)
    }
}

/// Aborts a body. Returns its result if it was done all the same. Afterwards nothing of the attempt
/// runs, unless the body blocks its thread: then only the fence stops its writes.
async fn abort_body(task: JoinHandle<JobResult>) -> Option<JobResult> {
    task.abort();
    match tokio::time::timeout(ABORT_TIMEOUT, task).await {
        Ok(ended) => ended.ok(),
        Err(_) => {
            tracing::error!("the job's body blocks its thread and can't be aborted");
            None
        }
    }
}
