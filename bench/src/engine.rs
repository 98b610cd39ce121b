//! An engine of its own for a benchmark: fresh database, fresh Redis namespace, a no-op kind.

use std::sync::Arc;
use std::time::Duration;

use platform::config::Env;
use platform::ids::CompanyId;
use platform::queue::{Done, Job, JobContext, JobResult, NewJob, Queue, Registry};
use platform::testing::TestDb;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use workers::{WorkerConfig, WorkerProcess};

/// What the job bodies tell the benchmark.
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
    /// `backend` as in `VIGIE_QUEUE_BACKEND`.
    pub(crate) async fn new(slots: usize, backend: &str) -> anyhow::Result<Self> {
        let namespace = format!("bench-{}", uuid::Uuid::new_v4().simple());
        let given = Env::from_process()
            .optional("REDIS_URL")
            .unwrap_or("redis://127.0.0.1:6379".into());
        let mut env = Env::from_pairs([
            ("REDIS_URL".to_owned(), given),
            ("VIGIE_QUEUE_NAMESPACE".to_owned(), namespace),
            ("VIGIE_SLOTS_FAST".to_owned(), slots.to_string()),
            ("VIGIE_QUEUE_BACKEND".to_owned(), backend.to_owned()),
        ]);
        let config = WorkerConfig::from_env(&mut env);
        env.finish()?;
        let (sender, started) = mpsc::unbounded_channel();
        Ok(Self {
            test: TestDb::new().await,
            started,
            config,
            registry: Arc::new(Registry::new().with::<Ping>()),
            services: Arc::new(Services { started: sender }),
        })
    }

    pub(crate) async fn workers(&self) -> anyhow::Result<WorkerProcess<Services>> {
        let config = self.config.clone();
        Ok(WorkerProcess::start(
            config,
            &self.test.db,
            self.registry.clone(),
            self.services.clone(),
        )
        .await?)
    }

    /// Waits for `count` starts.
    pub(crate) async fn wait_started(&mut self, count: usize) -> anyhow::Result<()> {
        let mut seen = 0;
        let mut batch = Vec::new();
        while seen < count {
            let more = self.started.recv_many(&mut batch, 10_000);
            let got = tokio::time::timeout(Duration::from_secs(60), more).await?;
            anyhow::ensure!(got > 0, "the engine is gone");
            seen += got;
            batch.clear();
        }
        Ok(())
    }
}

/// Pings with about `bytes` of payload, over `companies` in turn.
pub(crate) fn pings(count: usize, companies: &[CompanyId], bytes: usize) -> Vec<NewJob> {
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
