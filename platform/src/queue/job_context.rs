//! What a job body receives for one attempt.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::claim::Claim;
use super::job_error::JobError;
use super::job_result::{Done, JobResult};
use super::job_scope::JobScope;
use super::progress::{Progress, ProgressRecorded, record_progress};
use super::success::{self, Recorded};
use crate::db::{self, Db, Tx};
use crate::ids::{CompanyId, JobId};

/// One attempt of a job: its claim, its time, its transactions and the shared services.
#[derive(Debug)]
pub struct JobContext<S, Scope = CompanyId> {
    scope: Scope,
    attempt: Arc<Attempt<S>>,
}

/// An attempt whose scope is not known by type yet.
#[derive(Debug)]
pub struct Attempt<S> {
    pub services: Arc<S>,
    pub db: Db,
    pub claim: Claim,
    pub cancel: CancellationToken,
    pub started: Instant,
    /// Longest duration of one attempt of the kind.
    pub timeout: Duration,
}

impl<S, Scope: Copy> Clone for JobContext<S, Scope> {
    fn clone(&self) -> Self {
        Self {
            scope: self.scope,
            attempt: self.attempt.clone(),
        }
    }
}

impl<S> JobContext<S, CompanyId> {
    pub fn company(&self) -> CompanyId {
        self.scope
    }
}

impl<S, Scope: JobScope> JobContext<S, Scope> {
    /// Returns `None` if the claimed job is of the other scope.
    pub fn new(attempt: Attempt<S>) -> Option<Self> {
        Some(Self {
            scope: Scope::from_company_id(attempt.claim.company)?,
            attempt: Arc::new(attempt),
        })
    }

    pub fn services(&self) -> &S {
        &self.attempt.services
    }

    pub fn job_id(&self) -> JobId {
        self.attempt.claim.id
    }

    /// Number of this attempt, from 1.
    pub fn attempt_number(&self) -> i16 {
        self.attempt.claim.attempt
    }

    pub fn is_last_attempt(&self) -> bool {
        self.attempt.claim.attempt >= self.attempt.claim.max_attempts
    }

    /// The fence of this attempt. Each claim of the job raises it.
    pub fn fence(&self) -> i32 {
        self.attempt.claim.fence
    }

    /// The database's time at the start of the attempt.
    pub fn now(&self) -> DateTime<Utc> {
        self.attempt.claim.started_at
    }

    /// Completes when the job is cancelled.
    pub async fn cancelled(&self) {
        self.attempt.cancel.cancelled().await;
    }

    pub fn is_cancelled(&self) -> bool {
        self.attempt.cancel.is_cancelled()
    }

    /// Begins a transaction. A company's job sees the company's rows. A platform job sees the
    /// engine's tables.
    pub async fn begin(&self) -> Result<Tx, JobError> {
        let Attempt { db, .. } = &*self.attempt;
        let tx = match self.scope.company_id() {
            Some(company) => {
                // No statement outlives the attempt, because the retry would wait for its locks.
                let elapsed = self.attempt.started.elapsed();
                let left = self.attempt.timeout.saturating_sub(elapsed);
                db.begin_within(db::Scope::company(company), Some(left))
                    .await
            }
            None => db.begin_engine().await,
        };
        Ok(tx?)
    }

    /// Ends a job that writes. Its writes, state, result and follow-up jobs are one commit.
    ///
    /// # Errors
    /// `Lost` where another claim owns the job.
    pub async fn finish(&self, mut tx: Tx, result: serde_json::Value) -> JobResult {
        let claim = &self.attempt.claim;
        match success::record_success(&mut tx, claim, Some(&result.to_string())).await? {
            Recorded::Stored => {
                tx.commit().await?;
                Ok(Done::Committed)
            }
            Recorded::Rerun => {
                tx.commit().await?;
                self.attempt.db.notify_relay();
                Ok(Done::Committed)
            }
            Recorded::Lost => Err(JobError::Lost),
        }
    }

    /// Commits one chunk of a long job together with its progress.
    ///
    /// # Errors
    /// `Lost` where another claim owns the job, `Cancelled` where the job was cancelled. Both roll
    /// the chunk back.
    pub async fn checkpoint(&self, mut tx: Tx, progress: &Progress) -> Result<(), JobError> {
        let claim = &self.attempt.claim;
        match record_progress(&mut tx, claim.id, claim.fence, progress).await? {
            ProgressRecorded::Running if !self.is_cancelled() => Ok(tx.commit().await?),
            ProgressRecorded::Running | ProgressRecorded::CancelRequested => {
                Err(JobError::Cancelled)
            }
            ProgressRecorded::Lost => Err(JobError::Lost),
        }
    }

    /// Records progress in a transaction of its own, at most a few times a second.
    ///
    /// # Errors
    /// As [`JobContext::checkpoint`].
    pub async fn record_progress(&self, progress: &Progress) -> Result<(), JobError> {
        let tx = self.begin().await?;
        self.checkpoint(tx, progress).await
    }
}
