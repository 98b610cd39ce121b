//! Starts and stops a worker process: one apalis worker per queue under one monitor, the fetchers
//! and the maintenance thread.

use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::Monitor;
use platform::db::Db;
use platform::queue::runner::Runner;
use platform::queue::{Completions, Queue, Registry, liveness};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::claimed_jobs::ClaimedJobs;
use crate::config::WorkerConfig;
use crate::fetcher::ProcessContext;
use crate::handler::{Handler, requeue_jobs};
use crate::last_seen::LastSeen;
use crate::maintenance::Maintenance;
use crate::queue_worker;

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("worker not registered: {0}")]
    Register(#[from] sqlx::Error),
    #[error("REDIS_URL: {0}")]
    Redis(#[from] redis::RedisError),
    #[error("maintenance thread not started: {0}")]
    MaintenanceThread(#[from] std::io::Error),
}

/// A running worker process.
#[derive(Debug)]
pub struct WorkerProcess<S> {
    handler: Handler<S>,
    worker_id: i32,
    stop_fetching: CancellationToken,
    stop_monitor: CancellationToken,
    /// One for each queue.
    claimed_jobs: Vec<ClaimedJobs>,
    /// The fetchers, and with apalis-redis the tasks that feed them.
    fetchers: Vec<JoinHandle<()>>,
    monitor: JoinHandle<()>,
    maintenance: MaintenanceThread,
    grace: Duration,
}

#[derive(Debug)]
struct MaintenanceThread {
    handle: std::thread::JoinHandle<()>,
    stop: CancellationToken,
    ended: CancellationToken,
}

impl<S: Send + Sync + 'static> WorkerProcess<S> {
    /// Registers the process and starts taking jobs.
    ///
    /// # Errors
    /// [`StartError::Register`] comes before any job is taken, so the start may be repeated.
    pub async fn start(
        config: WorkerConfig,
        db: &Db,
        registry: Arc<Registry<S>>,
        services: Arc<S>,
    ) -> Result<Self, StartError> {
        let name = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4().simple());
        let worker_id = liveness::register_worker(db.engine(), &name).await?;
        let redis = config.redis.client()?;
        let handler = new_handler(db, registry, services);
        let stop_fetching = CancellationToken::new();
        let stop_monitor = CancellationToken::new();
        let process = ProcessContext {
            db: db.clone(),
            worker_id,
            claims: handler.runner.completions.claims().clone(),
            last_heartbeat: LastSeen::new(),
            stop: stop_fetching.clone(),
        };
        let mut monitor = Monitor::new();
        let mut fetchers = Vec::new();
        let mut claimed_jobs = Vec::new();
        for queue in Queue::ALL {
            let jobs = queue_worker::start_fetchers(
                queue,
                &config,
                &redis,
                &name,
                &process,
                &mut fetchers,
            );
            let name = format!("{name}-{}", queue.name());
            claimed_jobs.push(jobs.clone());
            monitor = queue_worker::register_worker(monitor, name, jobs, handler.clone());
        }
        let monitor =
            platform::task::spawn_named("monitor", run_monitor(monitor, stop_monitor.clone()));
        let grace = config.grace;
        let maintenance = MaintenanceThread::start(config, process, redis)?;
        tracing::info!(worker_id, name, "taking jobs");
        Ok(Self {
            handler,
            worker_id,
            stop_fetching,
            stop_monitor,
            claimed_jobs,
            fetchers,
            monitor,
            maintenance,
            grace,
        })
    }

    /// Returns the name of the first part that ends before [`WorkerProcess::stop`].
    pub async fn wait_for_failure(&mut self) -> &'static str {
        let fetcher = futures::future::select_all(self.fetchers.iter_mut());
        tokio::select! {
            _ = fetcher => "fetcher",
            _ = &mut self.monitor => "monitor",
            () = self.maintenance.ended.cancelled() => "maintenance thread",
        }
    }

    /// Stops: claims no more, lets running jobs end within the grace period, requeues the others
    /// and records the successes that are pending.
    pub async fn stop(mut self) {
        self.stop_fetching.cancel();
        for fetcher in self.fetchers {
            if !fetcher.is_finished() {
                let _ = fetcher.await;
            }
        }
        // After the fetchers: a stopped apalis takes none of the jobs that they still assign.
        self.stop_monitor.cancel();
        for jobs in &self.claimed_jobs {
            jobs.close();
        }
        let Runner {
            db, completions, ..
        } = &self.handler.runner;
        let leftovers = completions.claims().take_leftovers();
        // At once: other workers may run them while ours still end.
        tokio::join!(
            requeue_jobs(db, leftovers),
            end_running_jobs(&mut self.monitor, self.grace, &self.handler.stop_now),
        );
        if tokio::time::timeout(self.grace, completions.wait_until_recorded())
            .await
            .is_err()
        {
            tracing::warn!("successes not recorded, their jobs will be rescued");
        }
        self.maintenance.stop().await;
        if let Err(cause) = liveness::record_stop(db.engine(), self.worker_id).await {
            tracing::warn!(%cause, "worker not marked as stopped, it will count as lost");
        }
        tracing::info!(worker_id = self.worker_id, "stopped");
    }
}

/// Waits until the running jobs have ended, and aborts those that run longer than `grace`.
async fn end_running_jobs(
    monitor: &mut JoinHandle<()>,
    grace: Duration,
    stop_now: &CancellationToken,
) {
    // A handle that was awaited to its end before may not be awaited again.
    if monitor.is_finished() {
        return;
    }
    if tokio::time::timeout(grace, &mut *monitor).await.is_err() {
        tracing::warn!("grace period over, requeueing running jobs");
        stop_now.cancel();
        let _ = monitor.await;
    }
}

impl MaintenanceThread {
    fn start(
        config: WorkerConfig,
        process: ProcessContext,
        redis: redis::Client,
    ) -> Result<Self, StartError> {
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        let runtime_last_seen = LastSeen::watch_runtime(config.heartbeat, stop.clone());
        let maintenance = Maintenance {
            config,
            process,
            redis,
            runtime_last_seen,
            stop: stop.clone(),
        };
        let handle = maintenance.spawn_thread(ended.clone())?;
        Ok(Self {
            handle,
            stop,
            ended,
        })
    }

    async fn stop(self) {
        self.stop.cancel();
        let _ = tokio::task::spawn_blocking(move || self.handle.join()).await;
    }
}

fn new_handler<S: Send + Sync + 'static>(
    db: &Db,
    registry: Arc<Registry<S>>,
    services: Arc<S>,
) -> Handler<S> {
    Handler {
        runner: Runner {
            registry,
            services,
            db: db.clone(),
            completions: Completions::start(db),
        },
        stop_now: CancellationToken::new(),
    }
}

async fn run_monitor(monitor: Monitor, stop: CancellationToken) {
    let signal = async move {
        stop.cancelled().await;
        Ok(())
    };
    if let Err(cause) = monitor.run_with_signal(signal).await {
        tracing::error!(%cause, "apalis monitor exited with an error");
    }
}
