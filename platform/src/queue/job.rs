//! What a job type is, and what its body is given. A plain job is `NAME` and `run`.

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::envelope::{Claim, Queue, Uniqueness};
use super::finish::{self, Finished};
use super::progress::{Progress, ProgressRecorded, record_progress};
use crate::db::{Db, Scope, Tx};
use crate::ids::{CompanyId, JobId};

/// Whose a job is. The worker refuses a row that doesn't fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobScope {
    Company,
    Platform,
}

/// A kind of job: its fields are the payload (ids and small facts, never documents), its constants
/// the policy, `run` the body. `W` is what all bodies of a process share.
///
/// A job may run twice at any moment; running it twice must be the same as once.
pub trait Job<W>: Serialize + DeserializeOwned + Send + 'static {
    /// `area.verb_noun`. Stored with each job: never rename it, add it to `FORMERLY`.
    const NAME: &'static str;
    const FORMERLY: &'static [&'static str] = &[];
    /// Raised when the payload changes its shape; a newer one than this parks.
    const VERSION: u16 = 1;
    const QUEUE: Queue = Queue::Default;
    const SCOPE: JobScope = JobScope::Company;
    /// Tries, the first included.
    const MAX_ATTEMPTS: u16 = 8;
    /// Longest run of one try.
    const TIMEOUT: Duration = Duration::from_secs(60);

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::None
    }

    fn run(self, cx: JobContext<W>) -> impl Future<Output = JobResult> + Send;
}

pub type JobResult = Result<Done, JobError>;

/// How a try ended well.
#[derive(Debug)]
pub enum Done {
    /// By [`JobContext::finish`]: writes, state and result are already one commit.
    Committed,
    /// Without writes: the engine records the JSON result, many jobs in one statement.
    Result(Option<String>),
}

impl Done {
    pub fn empty() -> Self {
        Self::Result(None)
    }

    pub fn with(result: &serde_json::Value) -> Self {
        Self::Result(Some(result.to_string()))
    }
}

/// How a try ended otherwise.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Worth another try, after a back-off.
    #[error("{0}")]
    Retry(Cause),
    /// Worth another try, not before the provider's own time.
    #[error("{1}")]
    RetryAfter(Duration, Cause),
    /// Not now, through nobody's fault: spends no try.
    #[error("snoozed: {1}")]
    Snooze(Duration, String),
    /// No further try would help.
    #[error("{0}")]
    Fail(Cause),
    /// Stopped because it was asked to.
    #[error("cancelled")]
    Cancelled,
    /// The fence moved on: another claim owns the job, this one must write nothing more.
    #[error("the claim was lost")]
    Lost,
}

pub type Cause = Box<dyn std::error::Error + Send + Sync>;

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
    /// A pool without a free connection says that the process is busy, nothing about the job.
    fn from(cause: sqlx::Error) -> Self {
        match cause {
            sqlx::Error::PoolTimedOut => Self::snooze(Duration::from_secs(1), cause),
            _ => Self::retry(cause),
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

/// What one try has: the claim, the time, the doors to the database, and what all bodies share.
#[derive(Debug)]
pub struct JobContext<W> {
    inner: Arc<Inner<W>>,
}

#[derive(Debug)]
struct Inner<W> {
    services: Arc<W>,
    db: Db,
    claim: Claim,
    cancel: CancellationToken,
    started: Instant,
    /// Of the kind: longest run of one try.
    timeout: Duration,
}

impl<W> Clone for JobContext<W> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<W> JobContext<W> {
    pub fn new(
        services: Arc<W>,
        db: Db,
        claim: Claim,
        cancel: CancellationToken,
        timeout: Duration,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                services,
                db,
                claim,
                cancel,
                started: Instant::now(),
                timeout,
            }),
        }
    }

    pub fn services(&self) -> &W {
        &self.inner.services
    }

    pub fn job_id(&self) -> JobId {
        self.inner.claim.id
    }

    /// The job's company; nil for a platform job, whose rows row-level security then hides.
    pub fn company(&self) -> CompanyId {
        self.inner
            .claim
            .company
            .unwrap_or(CompanyId(uuid::Uuid::nil()))
    }

    /// This try, counted from 1.
    pub fn attempt(&self) -> i16 {
        self.inner.claim.attempt
    }

    /// Whether no try follows this one.
    pub fn is_last_attempt(&self) -> bool {
        self.inner.claim.attempt >= self.inner.claim.max_attempts
    }

    /// The fence this try holds; changes with every claim of the job.
    pub fn fence(&self) -> i32 {
        self.inner.claim.fence
    }

    /// The database's time when the try began.
    pub fn now(&self) -> DateTime<Utc> {
        self.inner.claim.started_at
    }

    /// Completes when the job is asked to stop.
    pub async fn cancelled(&self) {
        self.inner.cancel.cancelled().await;
    }

    pub fn is_cancelled(&self) -> bool {
        self.inner.cancel.is_cancelled()
    }

    /// A transaction of the job: its company's rows, or the engine's tables for a platform job. No statement of a
    /// company's is longer than what the try had left when the transaction began.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(&self) -> Result<Tx, JobError> {
        let tx = match self.inner.claim.company {
            Some(company) => {
                let left = self
                    .inner
                    .timeout
                    .saturating_sub(self.inner.started.elapsed());
                self.inner
                    .db
                    .begin_within(Scope::company(company), Some(left))
                    .await
            }
            None => self.inner.db.begin_engine().await,
        };
        Ok(tx?)
    }

    /// The last call of a job that writes: its writes, its end, its result and the jobs it enqueued
    /// become one commit, or nothing does.
    ///
    /// # Errors
    /// `Lost` where another claim owns the job by now; `Retry` where the database failed.
    pub async fn finish(&self, mut tx: Tx, result: serde_json::Value) -> JobResult {
        let claim = &self.inner.claim;
        match finish::succeed(&mut tx, claim, Some(&result.to_string())).await? {
            Finished::Stored => {
                tx.commit().await?;
                Ok(Done::Committed)
            }
            Finished::Restarted => {
                tx.commit().await?;
                self.inner.db.notify_relay();
                Ok(Done::Committed)
            }
            Finished::Lost => Err(JobError::Lost),
        }
    }

    /// Commits one chunk of a long job with its progress, unless the job is another's by now or was
    /// asked to stop.
    ///
    /// # Errors
    /// `Lost`, `Cancelled` (the chunk is rolled back), or `Retry` where the database failed.
    pub async fn checkpoint(&self, mut tx: Tx, progress: &Progress) -> Result<(), JobError> {
        let claim = &self.inner.claim;
        match record_progress(&mut tx, claim.id, claim.fence, progress).await? {
            ProgressRecorded::Running if !self.is_cancelled() => Ok(tx.commit().await?),
            ProgressRecorded::Running | ProgressRecorded::CancelRequested => {
                Err(JobError::Cancelled)
            }
            ProgressRecorded::Lost => Err(JobError::Lost),
        }
    }

    /// Shows progress between chunks, in a transaction of its own. Call it a few times a second at
    /// most.
    ///
    /// # Errors
    /// As [`JobContext::checkpoint`].
    pub async fn progress(&self, progress: &Progress) -> Result<(), JobError> {
        let tx = self.begin().await?;
        self.checkpoint(tx, progress).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_in_vain_for_a_connection_spends_no_try() {
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
