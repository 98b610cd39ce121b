//! The engine under a benchmark: a fresh database, a fresh Redis namespace and a no-op kind of job.

use std::sync::Arc;
use std::time::Duration;

use platform::config::Env;
use platform::ids::CompanyId;
use platform::queue::{Done, Job, JobContext, JobResult, NewJob, Queue, Registry};
use serde::{Deserialize, Serialize};
use testing::TestDb;
use tokio::sync::mpsc;
use workers::{WorkerConfig, WorkerProcess};

/// What the job bodies use to report to the benchmark.
pub(crate) struct Services {
    pub(crate) started: mpsc::UnboundedSender<std::time::Instant>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Ping {
    pub(crate) note: String,
}

impl Job<Services> for Ping {
    const NAME: &'static str = "ops.ping";
    const QUEUE: Queue = Queue::Fast;

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let _ = cx.services().started.send(std::time::Instant::now());
        Ok(Done::Result(Some(r#"{"pong":true}"#.to_owned())))
    }
}

pub(crate) struct Engine {
    pub(crate) test: TestDb,
    pub(crate) started: mpsc::UnboundedReceiver<std::time::Instant>,
    config: WorkerConfig,
    registry: Arc<Registry<Services>>,
    services: Arc<Services>,
}

impl Engine {
    /// `backend` is a value of `VIGIE_QUEUE_BACKEND`.
    pub(crate) async fn new(slots: usize, backend: &str) -> anyhow::Result<Self> {
        let namespace = format!("bench-{}", uuid::Uuid::new_v4().simple());
        let redis_url = Env::from_process()
            .read_optional("REDIS_URL")
            .unwrap_or("redis://127.0.0.1:6379".into());
        let mut env = Env::from_pairs([
            ("REDIS_URL".to_owned(), redis_url),
            ("VIGIE_QUEUE_NAMESPACE".to_owned(), namespace),
            ("VIGIE_SLOTS_FAST".to_owned(), slots.to_string()),
            ("VIGIE_QUEUE_BACKEND".to_owned(), backend.to_owned()),
        ]);
        let config = WorkerConfig::from_env(&mut env);
        env.reject_problems()?;
        let (sender, started) = mpsc::unbounded_channel();
        Ok(Self {
            test: TestDb::new().await,
            started,
            config,
            registry: Arc::new(Registry::new().with::<Ping>()),
            services: Arc::new(Services { started: sender }),
        })
    }

    pub(crate) async fn start_workers(&self) -> anyhow::Result<WorkerProcess<Services>> {
        let config = self.config.clone();
        Ok(WorkerProcess::start(
            config,
            &self.test.db,
            self.registry.clone(),
            self.services.clone(),
        )
        .await?)
    }

    /// Waits until `count` jobs have started.
    pub(crate) async fn wait_started(&mut self, count: usize) -> anyhow::Result<()> {
        let mut started = 0;
        let mut batch = Vec::new();
        while started < count {
            let more = self.started.recv_many(&mut batch, 10_000);
            let received = tokio::time::timeout(Duration::from_secs(60), more).await?;
            anyhow::ensure!(received > 0, "the engine has stopped");
            started += received;
            batch.clear();
        }
        Ok(())
    }
}

/// Makes pings with about `bytes` of payload, for each of `companies` in turn.
pub(crate) fn make_pings(count: usize, companies: &[CompanyId], bytes: usize) -> Vec<NewJob> {
    let note = "x".repeat(bytes);
    (0..count)
        .map(|n| {
            NewJob::new::<Services, _, _>(
                companies[n % companies.len()],
                &Ping { note: note.clone() },
            )
        })
        .collect()
}
