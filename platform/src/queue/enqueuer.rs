//! Enqueues jobs that arrive alone: all jobs that wait share one statement and one commit.

use super::enqueue;
use super::new_job::{Enqueued, NewJob};
use crate::db::{Db, STATEMENT_DEADLINE, with_deadline};
use crate::micro_batch::{BatchError, MicroBatchConfig, MicroBatcher};

const BATCHES: MicroBatchConfig = MicroBatchConfig {
    name: "enqueuer",
    // Beyond a few hundred rows an insert gains no speed, and all its callers wait longer.
    max_batch_requests: 500,
    max_pending_requests: 2_000,
    lanes: 2,
};

/// Enqueues single jobs in micro-batches.
#[derive(Debug, Clone)]
pub struct Enqueuer {
    batcher: MicroBatcher<NewJob, sqlx::Result<Enqueued>, String>,
}

impl Enqueuer {
    pub fn start(db: &Db) -> Self {
        let db = db.clone();
        let batcher = MicroBatcher::start(BATCHES, move |jobs| enqueue_batch(db.clone(), jobs));
        Self { batcher }
    }

    /// Returns once the job is durable.
    pub async fn enqueue(&self, job: NewJob) -> sqlx::Result<Enqueued> {
        match self.batcher.call(job).await {
            Ok(enqueued) => enqueued,
            Err(BatchError::Failed(cause)) => Err(sqlx::Error::Protocol(cause)),
            Err(BatchError::ReplyCount) => Err(sqlx::Error::Protocol(
                "jobs enqueued, ids unknown".to_owned(),
            )),
            Err(BatchError::Stopped) => Err(sqlx::Error::PoolClosed),
        }
    }
}

/// Enqueues a batch, or its jobs one by one if Postgres rejects the batch: one bad row must not
/// fail the others. Returns the error's text if it is unknown whether the batch was committed.
async fn enqueue_batch(db: Db, jobs: Vec<NewJob>) -> Result<Vec<sqlx::Result<Enqueued>>, String> {
    match enqueue_jobs(&db, &jobs).await {
        Ok(enqueued) => Ok(enqueued.into_iter().map(Ok).collect()),
        Err(cause @ sqlx::Error::Database(_)) => {
            tracing::warn!(
                %cause,
                jobs = jobs.len(),
                "batch rejected, enqueueing its jobs one by one"
            );
            let mut enqueued = Vec::with_capacity(jobs.len());
            for job in jobs {
                let alone = enqueue_jobs(&db, &[job]).await;
                enqueued.push(alone.map(|enqueued| enqueued[0]));
            }
            Ok(enqueued)
        }
        // Enqueueing one by one would wait for the same connection.
        Err(cause) => {
            tracing::warn!(%cause, jobs = jobs.len(), "batch not enqueued");
            Err(cause.to_string())
        }
    }
}

async fn enqueue_jobs(db: &Db, jobs: &[NewJob]) -> sqlx::Result<Vec<Enqueued>> {
    // One statement is its own transaction.
    let enqueued = with_deadline(db.engine(), STATEMENT_DEADLINE, async |conn| {
        enqueue::enqueue_jobs(conn, jobs).await
    })
    .await?;
    db.notify_relay();
    Ok(enqueued)
}
