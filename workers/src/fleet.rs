//! Starting and stopping a worker process: one apalis worker per queue under one monitor.

use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::{Monitor, WorkerBuilder};
use platform::db::Db;
use platform::queue::batch::Completions;
use platform::queue::runner::Runner;
use platform::queue::{Claim, Queue, Registry, liveness};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::backend::{Assignment, ClaimedJobs};
use crate::carrier::Carrier;
use crate::config::{QueueBackend, WorkerConfig};
use crate::fetch::{Fetcher, Process};
use crate::handler::{Handler, give_back};
use crate::mark::Mark;
use crate::pulse::Pulse;
use crate::running::{Claiming, Running};
use crate::source::{Direct, Index, Source};

/// Its jobs are so short that claims are what it waits for.
const FETCHERS_OF_THE_FAST: usize = 2;

#[derive(Debug, thiserror::Error)]
pub enum WorkersError {
    #[error("the worker can't be registered: {0}")]
    Register(#[from] sqlx::Error),
    #[error("REDIS_URL: {0}")]
    Redis(#[from] redis::RedisError),
    #[error("no thread for the pulse: {0}")]
    Pulse(#[from] std::io::Error),
}

/// A running worker process.
#[derive(Debug)]
pub struct Workers<W> {
    handler: Handler<W>,
    worker: i32,
    stop_fetching: CancellationToken,
    stop_monitor: CancellationToken,
    stop_pulse: CancellationToken,
    fetchers: Vec<JoinHandle<()>>,
    monitor: JoinHandle<()>,
    leftover: mpsc::UnboundedReceiver<Claim>,
    pulse: std::thread::JoinHandle<()>,
    pulse_ended: CancellationToken,
    grace: Duration,
}

impl<W: Send + Sync + 'static> Workers<W> {
    /// Registers the process and starts taking jobs.
    ///
    /// # Errors
    /// Postgres can't be reached, a malformed Redis URL, or no thread to be had.
    pub async fn start(
        config: WorkerConfig,
        db: &Db,
        registry: Arc<Registry<W>>,
        services: Arc<W>,
    ) -> Result<Self, WorkersError> {
        let name = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4().simple());
        let worker = liveness::register_worker(db.engine(), &name).await?;
        let redis = config.redis.client()?;
        let completions = Completions::start(db);
        let handler = Handler {
            runner: Runner {
                registry,
                services,
                db: db.clone(),
                completions: completions.clone(),
            },
            stop_now: CancellationToken::new(),
        };
        let stop_fetching = CancellationToken::new();
        let stop_monitor = CancellationToken::new();
        let stop_pulse = CancellationToken::new();
        let (sender, leftover) = mpsc::unbounded_channel();
        let process = Process {
            db: db.clone(),
            worker,
            running: Running::default(),
            claiming: Claiming::default(),
            completions,
            beaten: Mark::new(),
            leftover: sender,
            stop: stop_fetching.clone(),
        };
        let mut monitor = Monitor::new();
        let mut fetchers = Vec::new();
        for queue in Queue::ALL {
            let backend = take_from(queue, &config, &redis, &name, &process, &mut fetchers);
            monitor = register(
                monitor,
                format!("{name}-{}", queue.name()),
                backend,
                handler.clone(),
            );
        }
        let monitor = platform::task::spawn("monitor", supervise(monitor, stop_monitor.clone()));
        let grace = config.grace;
        let pulse_ended = CancellationToken::new();
        let turned = Mark::of_turning(config.heartbeat, stop_pulse.clone());
        let pulse = Pulse {
            config,
            process,
            redis,
            turned,
            stop: stop_pulse.clone(),
        }
        .start(db, pulse_ended.clone())?;
        tracing::info!(worker, name, "taking jobs");
        Ok(Self {
            handler,
            worker,
            stop_fetching,
            stop_monitor,
            stop_pulse,
            fetchers,
            monitor,
            leftover,
            pulse,
            pulse_ended,
            grace,
        })
    }

    /// Returns once a part has ended that should run until [`Workers::stop`]; says which.
    pub async fn broken(&mut self) -> &'static str {
        let fetcher = futures::future::select_all(self.fetchers.iter_mut());
        tokio::select! {
            _ = fetcher => "a fetcher",
            _ = &mut self.monitor => "the monitor",
            () = self.pulse_ended.cancelled() => "the pulse",
        }
    }

    /// Stops: takes no more, lets running jobs end within the grace period, gives the rest back
    /// unspent, records what is left to record.
    pub async fn stop(mut self) {
        self.stop_fetching.cancel();
        for fetcher in self.fetchers {
            if !fetcher.is_finished() {
                let _ = fetcher.await;
            }
        }
        // Only now: apalis refuses what a fetcher would still hand on.
        self.stop_monitor.cancel();
        if !self.monitor.is_finished()
            && tokio::time::timeout(self.grace, &mut self.monitor)
                .await
                .is_err()
        {
            tracing::warn!("grace period over, giving running jobs back");
            self.handler.stop_now.cancel();
            let _ = self.monitor.await;
        }
        while let Ok(claim) = self.leftover.try_recv() {
            give_back(&self.handler.runner.db, &claim).await;
        }
        if tokio::time::timeout(self.grace, self.handler.runner.completions.drained())
            .await
            .is_err()
        {
            tracing::warn!("ends not recorded, their jobs will be rescued");
        }
        self.stop_pulse.cancel();
        let pulse = self.pulse;
        let _ = tokio::task::spawn_blocking(move || pulse.join()).await;
        if let Err(cause) =
            liveness::record_stop(self.handler.runner.db.engine(), self.worker).await
        {
            tracing::warn!(%cause, "worker not marked as stopped, its jobs will be looked for");
        }
        tracing::info!(worker = self.worker, "stopped");
    }
}

async fn supervise(monitor: Monitor, stop: CancellationToken) {
    let signal = async move {
        stop.cancelled().await;
        Ok(())
    };
    if let Err(cause) = monitor.run_with_signal(signal).await {
        tracing::error!(%cause, "apalis stopped badly");
    }
}

/// Starts what takes the jobs of one queue; gives where they come out.
fn take_from(
    queue: Queue,
    config: &WorkerConfig,
    redis: &redis::Client,
    name: &str,
    process: &Process,
    tasks: &mut Vec<JoinHandle<()>>,
) -> ClaimedJobs {
    let slots = config.slots.of(queue);
    let indices = match config.backend {
        QueueBackend::Vigie => direct(config, redis, queue),
        QueueBackend::ApalisRedis => {
            let (carrier, carried) =
                Carrier::new(redis.clone(), &config.redis.namespace, queue, name, slots);
            tasks.push(platform::task::spawn(
                "carrier",
                carrier.run(process.stop.clone()),
            ));
            vec![Index::Carried(carried)]
        }
    };
    let (sender, assignments) = mpsc::channel(slots);
    let (free, fallback) = (Arc::new(Semaphore::new(slots)), Arc::default());
    let share = slots.div_ceil(indices.len());
    for index in indices {
        let fetcher = Fetcher {
            process: process.clone(),
            source: Source::new(process.db.clone(), queue, index, Arc::clone(&fallback)),
            slots: free.clone(),
            share,
            assignments: sender.clone(),
            doubtful: Vec::new(),
        };
        tasks.push(platform::task::spawn("fetcher", fetcher.run()));
    }
    ClaimedJobs {
        assignments,
        leftover: process.leftover.clone(),
    }
}

/// One way to the queue's ids for each of its fetchers.
fn direct(config: &WorkerConfig, redis: &redis::Client, queue: Queue) -> Vec<Index> {
    let fetchers = if queue == Queue::Fast {
        FETCHERS_OF_THE_FAST
    } else {
        1
    };
    let new = || {
        Index::Direct(Box::new(Direct::new(
            redis.clone(),
            config.redis.namespace.clone(),
        )))
    };
    std::iter::repeat_with(new).take(fetchers).collect()
}

/// apalis asks a factory for the worker again where it restarts one. Ours never fails, so the backend
/// is there to be taken once.
fn register<W: Send + Sync + 'static>(
    monitor: Monitor,
    name: String,
    backend: ClaimedJobs,
    handler: Handler<W>,
) -> Monitor {
    let backend = std::sync::Mutex::new(Some(backend));
    monitor.register(move |_restarts| {
        let taken = backend.lock().ok().and_then(|mut slot| slot.take());
        let backend = taken.expect("our backend never fails, so its worker never restarts");
        let handler = handler.clone();
        WorkerBuilder::new(name.as_str())
            .backend(backend)
            .build(move |assignment: Assignment| {
                let handler = handler.clone();
                async move {
                    // A task of its own: apalis polls all handlers of a worker from one.
                    let _ = platform::task::spawn("handler", handler.handle(assignment)).await;
                }
            })
    })
}
