//! One test's fleet: a database, a Redis, and the worker processes that it starts. They share the
//! test's own process; what makes one lost is that it never beats.

use std::sync::Arc;
use std::time::Duration;

use platform::db::Db;
use platform::ids::{CompanyId, JobId};
use platform::queue::batch::Completions;
use platform::queue::runner::Runner;
use platform::queue::view::{self, JobView};
use platform::queue::{Claim, Job, JobContext, NewJob, claim, liveness};
use platform::testing::TestDb;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use workers::{QueueBackend, Slots, WorkerConfig, Workers};

use super::kinds::{Ping, Run, World, company_job, registry};
use super::redis::{Changes, TestRedis};
use super::watch::Watch;

pub(crate) struct Services {
    pub(crate) test: TestDb,
    pub(crate) redis: TestRedis,
    pub(crate) world: Arc<World>,
    backend: QueueBackend,
    runs: mpsc::UnboundedReceiver<Run>,
    /// Dropped, it lets blocked bodies go.
    pub(crate) unblock: Option<std::sync::mpsc::Sender<()>>,
}

impl Services {
    pub(crate) async fn new() -> Self {
        Self::over(QueueBackend::Vigie).await
    }

    pub(crate) async fn over(backend: QueueBackend) -> Self {
        Self::with(TestRedis::start(), backend).await
    }

    pub(crate) async fn with(redis: TestRedis, backend: QueueBackend) -> Self {
        let (world, runs, unblock) = World::new();
        Self {
            test: TestDb::new().await,
            redis,
            world: Arc::new(world),
            backend,
            runs,
            unblock: Some(unblock),
        }
    }

    /// How many ids a worker of one slot may have in hand beyond its slot.
    pub(crate) fn ahead(&self) -> usize {
        match self.backend {
            QueueBackend::Vigie => 0,
            QueueBackend::ApalisRedis => 2,
        }
    }

    /// Hears of every change of keys in Redis from now on.
    pub(crate) async fn changes(&self) -> Changes {
        self.redis.changes(self.ahead()).await
    }

    pub(crate) async fn watch(&self) -> Watch {
        Watch::new(&self.test).await
    }

    /// A worker process with as many slots in each queue.
    pub(crate) async fn worker(&self, slots: usize) -> Workers<World> {
        self.worker_with(slots, Duration::from_secs(30)).await
    }

    /// A worker process with two slots that reaches Postgres by a way of its own.
    pub(crate) async fn worker_on(&self, db: &Db) -> Workers<World> {
        self.start(db, 2, Duration::from_secs(30)).await
    }

    pub(crate) async fn worker_with(&self, slots: usize, grace: Duration) -> Workers<World> {
        self.start(&self.test.db, slots, grace).await
    }

    async fn start(&self, db: &Db, slots: usize, grace: Duration) -> Workers<World> {
        let config = WorkerConfig {
            redis: self.redis.config(),
            backend: self.backend,
            slots: Slots {
                fast: slots,
                default: slots,
                heavy: slots,
            },
            heartbeat: Duration::from_millis(200),
            grace,
        };
        Workers::start(config, db, Arc::new(registry()), self.world.clone())
            .await
            .unwrap()
    }

    /// The next body that runs.
    pub(crate) async fn next_run(&mut self) -> Run {
        self.runs.recv().await.expect("the world holds the sender")
    }

    /// The bodies that reported already.
    pub(crate) fn runs_so_far(&mut self) -> Vec<Run> {
        std::iter::from_fn(|| self.runs.try_recv().ok()).collect()
    }

    pub(crate) async fn enqueue_all(&self, jobs: Vec<NewJob>) -> Vec<JobId> {
        let mut tx = self.test.db.begin_engine().await.unwrap();
        let enqueued = tx.enqueue_all(jobs).await.unwrap();
        tx.commit().await.unwrap();
        enqueued
            .into_iter()
            .map(platform::queue::Enqueued::id)
            .collect()
    }

    pub(crate) async fn enqueue<J: Job<World>>(&self, company: CompanyId, job: &J) -> JobId {
        self.enqueue_all(vec![company_job(company, job)]).await[0]
    }

    /// Moves the engine's clock and tells the relay.
    pub(crate) async fn advance(&self, by: Duration) {
        self.test.advance(by).await;
        self.test.db.notify_relay();
    }

    pub(crate) async fn job(&self, id: JobId) -> JobView {
        view::find_job(&mut self.test.owner().await, id)
            .await
            .unwrap()
            .expect("the job is there")
    }

    pub(crate) async fn timeline(&self, id: JobId) -> Vec<String> {
        let entries = view::load_timeline(&mut self.test.owner().await, id)
            .await
            .unwrap();
        entries
            .into_iter()
            .map(|entry| entry.event.name().to_owned())
            .collect()
    }

    /// A worker that registered and will never show itself again.
    pub(crate) async fn mute_worker(&self) -> i32 {
        liveness::register_worker(self.test.db.engine(), "mute")
            .await
            .unwrap()
    }

    /// Claims the job for `worker`, past the queue.
    pub(crate) async fn claim(&self, worker: i32, id: JobId) -> Option<Claim> {
        claim::claim_jobs(self.test.db.hot(), worker, &[id.0])
            .await
            .unwrap()
            .pop()
    }

    /// What a body of that claim would be given.
    pub(crate) fn context(&self, claim: &Claim) -> JobContext<World> {
        JobContext::new(
            self.world.clone(),
            self.test.db.clone(),
            claim.clone(),
            CancellationToken::new(),
            Ping::TIMEOUT,
        )
    }

    /// A runner as a worker process has one.
    pub(crate) fn runner(&self) -> Runner<World> {
        Runner {
            registry: Arc::new(registry()),
            services: self.world.clone(),
            db: self.test.db.clone(),
            completions: Completions::start(&self.test.db),
        }
    }
}
