//! Runs what is due, in process, without Redis and without waiting, through the same claim, run and
//! finish as the workers.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::db::Db;
use crate::queue::runner::{Ran, Runner};
use crate::queue::{Completions, Registry, claim, rescue};

/// Stands in for a worker process.
#[derive(Debug)]
pub struct Drain<W> {
    runner: Runner<W>,
    worker: i32,
}

impl<W: Send + Sync + 'static> Drain<W> {
    /// # Panics
    /// Where the database is gone.
    pub async fn new(db: &Db, registry: Arc<Registry<W>>, services: Arc<W>) -> Self {
        let worker = rescue::register(db.engine(), "drain")
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

    /// Runs due jobs, and those they cause, until none is due. Retries wait for the clock.
    ///
    /// # Panics
    /// Where the database is gone, or after 10,000 jobs: something enqueues itself.
    pub async fn run_due(&self) -> Vec<Ran> {
        let pool = self.runner.db.engine();
        let mut ran = Vec::new();
        loop {
            rescue::heartbeat(pool, self.worker, &[])
                .await
                .expect("the database answers");
            let due = claim::due_after(pool, None, None, 50)
                .await
                .expect("the database answers");
            let ids: Vec<_> = due.into_iter().map(|(_, id)| id).collect();
            if ids.is_empty() {
                return ran;
            }
            for claimed in claim::by_ids(pool, self.worker, &ids)
                .await
                .expect("the database answers")
            {
                ran.push(
                    self.runner
                        .run(claimed, CancellationToken::new(), &CancellationToken::new())
                        .await,
                );
            }
            self.runner.completions.wait_until_recorded().await;
            assert!(
                ran.len() < 10_000,
                "the queue never drains: {:?}",
                &ran[ran.len() - 3..]
            );
        }
    }
}
