//! Draining of the queue in process, without Redis and without waiting, by the same claims, runs
//! and outcomes as in the workers.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use platform::db::Db;
use platform::queue::runner::{Ran, Runner};
use platform::queue::{Claim, Completions, Registry, claim, liveness};

const CLAIM_BATCH: i64 = 50;
/// More jobs than any test enqueues.
const MAX_DRAINED_JOBS: usize = 10_000;

/// A stand-in for a worker process.
#[derive(Debug)]
pub struct Drain<W> {
    runner: Runner<W>,
    worker: i32,
}

impl<W: Send + Sync + 'static> Drain<W> {
    pub async fn new(db: &Db, registry: Arc<Registry<W>>, services: Arc<W>) -> Self {
        let worker = liveness::register_worker(db.engine(), "drain")
            .await
            .expect("the database answers");
        let completions = Completions::start(db);
        Self {
            runner: Runner {
                registry,
                services,
                db: db.clone(),
                completions,
            },
            worker,
        }
    }

    /// Runs due jobs, and the jobs that they enqueue, until none is due. Retries wait for the
    /// clock.
    ///
    /// # Panics
    /// After 10,000 jobs, because some job enqueues itself.
    pub async fn run_due(&self) -> Vec<Ran> {
        let mut ran = Vec::new();
        loop {
            let claims = self.claim_due().await;
            if claims.is_empty() {
                return ran;
            }
            for claim in claims {
                let (cancel, stop) = (CancellationToken::new(), CancellationToken::new());
                ran.push(self.runner.run(claim, cancel, &stop).await);
            }
            self.runner.completions.wait_until_recorded().await;
            assert!(
                ran.len() < MAX_DRAINED_JOBS,
                "the queue never drains: {:?}",
                &ran[ran.len() - 3..]
            );
        }
    }

    async fn claim_due(&self) -> Vec<Claim> {
        let pool = self.runner.db.engine();
        liveness::record_heartbeat(pool, self.worker, &[])
            .await
            .expect("the database answers");
        let due = claim::list_claimable(pool, None, None, CLAIM_BATCH)
            .await
            .expect("the database answers");
        let ids: Vec<_> = due.into_iter().map(|(_, id)| id).collect();
        claim::claim_jobs(pool, self.worker, &ids)
            .await
            .expect("the database answers")
    }
}
