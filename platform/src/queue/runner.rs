//! Runs one claimed job: finds its kind, decodes, runs under a time-out with panics caught, records
//! the end. Workers and tests share it; it never returns before the end is recorded or the claim is
//! known to be lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::completions::Completions;
use super::envelope::Claim;
use super::finish::{self, EndState, Finished, Setback};
use super::job::{Done, FailureClass, JobContext, JobError, JobResult, JobScope};
use super::registry::{Kind, Registry};
use super::retry;
use crate::db::{Db, STATEMENT_DEADLINE, with_deadline};
use crate::telemetry::TraceContext;

/// How long a body may take to come to its next await after it was stopped.
const ABORT_WITHIN: Duration = Duration::from_secs(5);

/// What every run of a process shares.
#[derive(Debug)]
pub struct Runner<W> {
    pub registry: Arc<Registry<W>>,
    pub services: Arc<W>,
    pub db: Db,
    pub completions: Completions,
}

impl<W> Clone for Runner<W> {
    fn clone(&self) -> Self {
        Self {
            registry: self.registry.clone(),
            services: self.services.clone(),
            db: self.db.clone(),
            completions: self.completions.clone(),
        }
    }
}

/// How a run ended, for metrics and for tests that drain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    pub kind: String,
    pub outcome: &'static str,
    pub error: Option<String>,
}

impl<W: Send + Sync + 'static> Runner<W> {
    /// Runs `claim` to its recorded end. `cancel` asks the job's body to end; `stop` takes it down where
    /// it is and gives the job back, the try unspent.
    pub async fn run(
        &self,
        claim: Claim,
        cancel: CancellationToken,
        stop: &CancellationToken,
    ) -> Ran {
        let trace = TraceContext::of_job(claim.request_id.clone(), claim.traceparent.as_deref());
        let span = tracing::info_span!(
            "job",
            job_id = %claim.id, kind = %claim.kind, attempt = claim.attempt, request_id = claim.request_id,
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
        let verdict = match self.kind_of(&claim) {
            Ok(kind) => self.attempt(kind, &claim, cancel, stop).await,
            Err(reason) => Verdict::SetBack("parked", parked(reason)),
        };
        let (outcome, error) = match verdict {
            Verdict::Committed => ("succeeded", None),
            Verdict::Result(result) => {
                self.completions.record_success(&claim, result).await;
                ("succeeded", None)
            }
            Verdict::Lost => ("lost", None),
            // Apart: it is rare, and large in the future of every job otherwise.
            Verdict::SetBack(outcome, setback) => {
                (outcome, Box::pin(self.record(&claim, &setback, stop)).await)
            }
        };
        observe(&claim, outcome, waited, started.elapsed());
        Ran {
            kind: claim.kind,
            outcome,
            error,
        }
    }

    fn kind_of(&self, claim: &Claim) -> Result<&Kind<W>, String> {
        let Some(kind) = self.registry.find(&claim.kind) else {
            return Err(format!("unknown kind {}", claim.kind));
        };
        if claim.version.cast_unsigned() > kind.version {
            return Err(format!(
                "payload version {} is newer than {}",
                claim.version, kind.version
            ));
        }
        let scope = if claim.company.is_some() {
            JobScope::Company
        } else {
            JobScope::Platform
        };
        if scope != kind.scope {
            return Err(format!("{} is a {:?} job", kind.name, kind.scope));
        }
        Ok(kind)
    }

    async fn attempt(
        &self,
        kind: &Kind<W>,
        claim: &Claim,
        cancel: CancellationToken,
        stop: &CancellationToken,
    ) -> Verdict {
        let cx = JobContext::new(
            self.services.clone(),
            self.db.clone(),
            claim.clone(),
            cancel,
            kind.timeout,
        );
        let body = match kind.start(&claim.args, cx) {
            Ok(body) => body,
            Err(cause) => {
                return Verdict::SetBack(
                    "parked",
                    parked(format!("payload can't be read: {cause}")),
                );
            }
        };
        let trace = TraceContext::current();
        let mut task = crate::task::spawn("job", trace.scope(body));
        let cut_short = tokio::select! {
            ended = &mut task => return match ended {
                Ok(result) => judge(claim, result),
                Err(panic) => exhausted_or(claim, FailureClass::Panic, panic_text(panic), None),
            },
            () = tokio::time::sleep(kind.timeout) => {
                exhausted_or(claim, FailureClass::Timeout, format!("ran longer than {:?}", kind.timeout), None)
            }
            () = stop.cancelled() => Verdict::SetBack(
                "given_back",
                Setback::Snooze { wait: Duration::ZERO, reason: "given back: worker stopping".to_owned() },
            ),
        };
        match abort(task).await {
            Some(result) => judge(claim, result),
            None => cut_short,
        }
    }

    /// Records a setback however long the database takes to answer: no one else would, while this
    /// process shows that it lives. One try once the process stops: then the rescuer would.
    async fn record(
        &self,
        claim: &Claim,
        setback: &Setback,
        stop: &CancellationToken,
    ) -> Option<String> {
        let mut wait = Duration::from_millis(100);
        loop {
            let recorded = with_deadline(self.db.hot(), STATEMENT_DEADLINE, async |conn| {
                finish::set_back(conn, claim, setback).await
            })
            .await;
            match recorded {
                Ok(Finished::Stored) => break,
                Ok(Finished::Again) => {
                    self.db.notify_relay();
                    break;
                }
                Ok(Finished::Lost) => {
                    tracing::warn!("claim lost before its setback was recorded");
                    break;
                }
                Err(cause) if stop.is_cancelled() => {
                    tracing::warn!(%cause, "setback not recorded, the job will be rescued");
                    break;
                }
                Err(cause) => {
                    tracing::warn!(%cause, "setback not recorded yet");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(Duration::from_secs(5));
                }
            }
        }
        if stop.is_cancelled() {
            self.db.notify_relay();
        }
        log_setback(claim, setback)
    }
}

/// Ends a body; gives its result where it was done all the same. When this returns nothing of the try
/// runs any more, unless it blocks its thread: then its fence must do.
async fn abort(task: JoinHandle<JobResult>) -> Option<JobResult> {
    task.abort();
    match tokio::time::timeout(ABORT_WITHIN, task).await {
        Ok(ended) => ended.ok(),
        Err(_) => {
            tracing::error!("the job's body blocks its thread and can't be stopped");
            None
        }
    }
}

enum Verdict {
    Committed,
    Result(Option<String>),
    Lost,
    SetBack(&'static str, Setback),
}

fn judge(claim: &Claim, result: JobResult) -> Verdict {
    match result {
        Ok(Done::Committed) => Verdict::Committed,
        Ok(Done::Result(result)) => Verdict::Result(result),
        Err(JobError::Lost) => Verdict::Lost,
        Err(JobError::Retry(cause)) => {
            exhausted_or(claim, FailureClass::Retry, chain(&*cause), None)
        }
        Err(JobError::RetryAfter(wait, cause)) => {
            exhausted_or(claim, FailureClass::RateLimited, chain(&*cause), Some(wait))
        }
        Err(JobError::Snooze(wait, reason)) => Verdict::SetBack(
            "snoozed",
            Setback::Snooze {
                wait: retry::asked(wait),
                reason,
            },
        ),
        Err(JobError::Fail(cause)) => Verdict::SetBack(
            "dead",
            Setback::End {
                state: EndState::Dead,
                class: Some(FailureClass::Permanent),
                error: chain(&*cause),
            },
        ),
        Err(JobError::Cancelled) => Verdict::SetBack(
            "cancelled",
            Setback::End {
                state: EndState::Cancelled,
                class: None,
                error: "cancelled while running".to_owned(),
            },
        ),
    }
}

fn exhausted_or(
    claim: &Claim,
    class: FailureClass,
    error: String,
    wait: Option<Duration>,
) -> Verdict {
    if claim.attempt >= claim.max_attempts {
        let setback = Setback::End {
            state: EndState::Dead,
            class: Some(class),
            error,
        };
        return Verdict::SetBack("dead", setback);
    }
    let attempt = u32::from(claim.attempt.unsigned_abs());
    let wait = wait.map_or_else(|| retry::backoff(attempt, rand::random()), retry::asked);
    Verdict::SetBack("retried", Setback::Retry { wait, class, error })
}

fn parked(reason: String) -> Setback {
    Setback::End {
        state: EndState::Parked,
        class: None,
        error: reason,
    }
}

/// The error with its causes, cut to what a person reads.
fn chain(error: &dyn std::error::Error) -> String {
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
    text.chars().filter(|c| *c != '\0').take(2_000).collect()
}

fn panic_text(panic: tokio::task::JoinError) -> String {
    let Ok(payload) = panic.try_into_panic() else {
        return "the job's task was stopped".to_owned();
    };
    let text = payload
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    format!(
        "panicked: {}",
        text.unwrap_or_else(|| "without a message".to_owned())
    )
}

fn log_setback(claim: &Claim, setback: &Setback) -> Option<String> {
    match setback {
        Setback::Retry { wait, class, error } => {
            count_failure(&claim.kind, class.name());
            tracing::warn!(
                wait_ms = wait.as_millis(),
                class = class.name(),
                error,
                "job will be retried"
            );
            Some(error.clone())
        }
        Setback::Snooze { reason, .. } => {
            tracing::info!(reason, "job snoozed");
            None
        }
        Setback::End {
            state: EndState::Parked,
            error,
            ..
        } => {
            metrics::counter!("vigie_jobs_parked_total", "reason" => "unreadable").increment(1);
            tracing::error!(error, "job parked");
            Some(error.clone())
        }
        Setback::End { class, error, .. } => {
            if let Some(class) = class {
                count_failure(&claim.kind, class.name());
                tracing::error!(class = class.name(), error, "job is dead");
            }
            Some(error.clone())
        }
    }
}

fn count_failure(kind: &str, class: &'static str) {
    metrics::counter!("vigie_job_failures_total", "kind" => kind.to_owned(), "class" => class)
        .increment(1);
}

fn observe(claim: &Claim, outcome: &'static str, waited: Duration, ran: Duration) {
    metrics::counter!("vigie_jobs_finished_total", "kind" => claim.kind.clone(), "outcome" => outcome).increment(1);
    metrics::histogram!("vigie_job_wait_seconds", "kind" => claim.kind.clone()).record(waited);
    metrics::histogram!("vigie_job_run_seconds", "kind" => claim.kind.clone()).record(ran);
    tracing::info!(
        outcome,
        waited_ms = waited.as_millis(),
        ran_ms = ran.as_millis(),
        "job ended"
    );
}
