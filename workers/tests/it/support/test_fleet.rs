//! The fleet of one test: a database, a Redis, and the worker processes that it starts. All of them
//! run in the test's process. A lost worker is one that sends no heartbeat.

use std::sync::Arc;
use std::time::Duration;

use platform::db::Db;
use platform::ids::{CompanyId, JobId};
use platform::queue::Completions;
use platform::queue::runner::Runner;
use platform::queue::view::{self, JobView};
use platform::queue::{Attempt, Claim, Job, JobContext, NewJob, claim, liveness};
use testing::TestDb;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use workers::{QueueBackend, Slots, WorkerConfig, WorkerProcess};

use super::kinds::{Ping, Run, TestServices, company_job, registry};
use super::redis::{RedisWatch, TestRedis};
use super::watch::Watch;

pub(crate) struct TestFleet {
    pub(crate) test: TestDb,
    pub(crate) redis: TestRedis,
    pub(crate) services: Arc<TestServices>,
    backend: QueueBackend,
    runs: mpsc::UnboundedReceiver<Run>,
    /// Dropping it unblocks the jobs of kind `Blocks`.
    pub(crate) unblock: Option<std::sync::mpsc::Sender<()>>,
}

impl TestFleet {
    pub(crate) async fn start() -> Self {
        Self::start_on(QueueBackend::Vigie).await
    }

    pub(crate) async fn start_on(backend: QueueBackend) -> Self {
        Self::start_with_redis(TestRedis::start(), backend).await
    }

    pub(crate) async fn start_with_redis(redis: TestRedis, backend: QueueBackend) -> Self {
        let (services, runs, unblock) = TestServices::new();
        Self {
            test: TestDb::new().await,
            redis,
            services: Arc::new(services),
            backend,
            runs,
            unblock: Some(unblock),
        }
    }

    /// Returns how many ids a worker of one slot may hold beyond its slot.
    pub(crate) fn max_ids_ahead(&self) -> usize {
        match self.backend {
            QueueBackend::Vigie => 0,
            QueueBackend::ApalisRedis => 2,
        }
    }

    /// Watches all changes of keys in Redis from now on.
    pub(crate) async fn watch_redis(&self) -> RedisWatch {
        self.redis.watch_changes(self.max_ids_ahead()).await
    }

    pub(crate) async fn watch_rows(&self) -> Watch {
        Watch::new(&self.test).await
    }

    /// Starts a worker process with as many slots in each queue.
    pub(crate) async fn start_worker(&self, slots: usize) -> WorkerProcess<TestServices> {
        self.start_worker_with_grace(slots, Duration::from_secs(30))
            .await
    }

    /// Starts a worker process with two slots that reaches Postgres through `db`.
    pub(crate) async fn start_worker_on(&self, db: &Db) -> WorkerProcess<TestServices> {
        self.start_process(db, 2, Duration::from_secs(30)).await
    }

    pub(crate) async fn start_worker_with_grace(
        &self,
        slots: usize,
        grace: Duration,
    ) -> WorkerProcess<TestServices> {
        self.start_process(&self.test.db, slots, grace).await
    }

    async fn start_process(
        &self,
        db: &Db,
        slots: usize,
        grace: Duration,
    ) -> WorkerProcess<TestServices> {
        let config = WorkerConfig {
            redis: self.redis.config(),
            queue_backend: self.backend,
            slots: Slots {
                fast: slots,
                default: slots,
                heavy: slots,
            },
            heartbeat: Duration::from_millis(200),
            grace,
        };
        WorkerProcess::start(config, db, Arc::new(registry()), self.services.clone())
            .await
            .unwrap()
    }

    /// Returns the next job that runs.
    pub(crate) async fn next_run(&mut self) -> Run {
        self.runs
            .recv()
            .await
            .expect("the services hold the sender")
    }

    /// Returns the runs that are already reported.
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

    pub(crate) async fn enqueue<J: Job<TestServices>>(&self, company: CompanyId, job: &J) -> JobId {
        self.enqueue_all(vec![company_job(company, job)]).await[0]
    }

    /// Advances the engine's clock and notifies the relay.
    pub(crate) async fn advance_clock(&self, by: Duration) {
        self.test.advance(by).await;
        self.test.db.notify_relay();
    }

    pub(crate) async fn load_job(&self, id: JobId) -> JobView {
        view::find_job(&mut self.test.owner().await, id)
            .await
            .unwrap()
            .expect("the job exists")
    }

    pub(crate) async fn load_timeline(&self, id: JobId) -> Vec<String> {
        let entries = view::load_timeline(&mut self.test.owner().await, id)
            .await
            .unwrap();
        entries.into_iter().map(|entry| entry.event).collect()
    }

    /// Registers a worker that sends no heartbeat.
    pub(crate) async fn register_silent_worker(&self) -> i32 {
        liveness::register_worker(self.test.db.engine(), "silent")
            .await
            .unwrap()
    }

    /// Claims the job for `worker` without Redis.
    pub(crate) async fn claim_job(&self, worker: i32, id: JobId) -> Option<Claim> {
        claim::claim_jobs(self.test.db.hot(), worker, &[id.0])
            .await
            .unwrap()
            .pop()
    }

    /// Returns the context of a job that runs under `claim`.
    pub(crate) fn job_context(&self, claim: &Claim) -> JobContext<TestServices> {
        let attempt = Attempt {
            services: self.services.clone(),
            db: self.test.db.clone(),
            claim: claim.clone(),
            cancel: CancellationToken::new(),
            started: std::time::Instant::now(),
            timeout: Ping::TIMEOUT,
        };
        JobContext::new(attempt).expect("a company's job")
    }

    /// Returns a runner like that of a worker process.
    pub(crate) fn new_runner(&self) -> Runner<TestServices> {
        Runner {
            registry: Arc::new(registry()),
            services: self.services.clone(),
            db: self.test.db.clone(),
            completions: Completions::start(&self.test.db),
        }
    }
}
