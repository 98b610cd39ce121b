//! Sessions of the crate, one after the other: each a connection, a worker under a name of its own and
//! a feeder. Whichever of them stops ends its session, never the process.

use std::time::{Duration, Instant};

use apalis::prelude::{BoxDynError, WorkerBuilder};
use apalis_redis::{Config, RedisStorage};
use platform::ids::Uuid;
use platform::queue::Queue;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::FedIds;
use super::feeder::{ApalisRedisError, Feeder, JobRef};
use super::limiter::Limiter;
use super::cleanup;
use crate::sorted_set::SortedSet;

const LARGEST_BATCH: usize = 100;
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// A session that lasted as long was well; the next one starts soon.
const WELL_AFTER: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct ApalisRedisWorker {
    redis: redis::Client,
    namespace: String,
    queue: Queue,
    /// Of the process: unique per start of it.
    process: String,
    config: Config,
    ids: mpsc::Sender<Uuid>,
    wake: mpsc::Sender<()>,
    woken: mpsc::Receiver<()>,
    up: watch::Sender<bool>,
}

impl ApalisRedisWorker {
    /// The worker of a queue and the end that its fetcher takes from. Up to twice as many ids as there
    /// are slots are on their way at once.
    pub(crate) fn new(
        redis: redis::Client,
        namespace: &str,
        queue: Queue,
        process: &str,
        slots: usize,
    ) -> (Self, FedIds) {
        let (ids, received) = mpsc::channel(2 * slots);
        let (wake, woken) = mpsc::channel(1);
        let (up, is_up) = watch::channel(false);
        let config = Config::default()
            .queue(format!("{namespace}:apalis:{}", queue.name()))
            .batch_size(slots.min(LARGEST_BATCH))
            // An LREM per job, over the whole queue.
            .lock_tasks(false)
            // It carries the acknowledgement.
            .persist_results(true)
            .emit_events(false)
            .heartbeat_interval(Duration::from_secs(1))
            .missed_heartbeats(5);
        let fed_ids = FedIds {
            ids: received,
            room: wake.clone(),
            up: is_up,
        };
        let worker = Self {
            redis,
            namespace: namespace.to_owned(),
            queue,
            process: process.to_owned(),
            config,
            ids,
            wake,
            woken,
            up,
        };
        (worker, fed_ids)
    }

    /// Runs until told to stop. Trouble is logged and tried again.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut wait = SHORTEST_WAIT;
        for session in 0_u64.. {
            let started = Instant::now();
            let worker = format!("{}-{}-{session}", self.process, self.queue.name());
            let ended = tokio::select! {
                () = stop.cancelled() => None,
                Err(cause) = self.session(&worker) => Some(cause),
            };
            self.up.send_replace(false);
            self.forget(&worker).await;
            let Some(cause) = ended else { return };
            wait = if started.elapsed() >= WELL_AFTER {
                SHORTEST_WAIT
            } else {
                (wait * 2).min(LONGEST_WAIT)
            };
            tracing::warn!(%cause, worker, "apalis-redis stopped, taking jobs from Postgres until it goes again");
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Never returns well.
    async fn session(&mut self, worker: &str) -> Result<(), ApalisRedisError> {
        let redis = self.connect().await?;
        let feeder = Feeder {
            redis: redis.clone(),
            set: SortedSet::connect(&self.redis, &self.namespace, self.queue).await?,
            config: self.config.clone(),
            worker: worker.to_owned(),
            ids: self.ids.clone(),
            wake: self.wake.clone(),
            up: self.up.clone(),
        };
        let (told, woken) = mpsc::channel(1);
        let storage = RedisStorage::<Vec<u8>>::new(redis).with_config(self.config.clone());
        let limiter = Limiter::new(storage, self.ids.clone(), woken);
        let ids = self.ids.clone();
        let handler = move |payload: Vec<u8>| hand_on(ids.clone(), payload);
        let worker = WorkerBuilder::new(worker).backend(limiter).build(handler);
        tokio::select! {
            ended = worker.run() => ended.map_err(ApalisRedisError::from).and(Err(ApalisRedisError::Ended)),
            ended = feeder.run() => ended,
            () = pass_on(&mut self.woken, told) => Err(ApalisRedisError::Ended),
        }
    }

    async fn connect(&self) -> Result<ConnectionManager, ApalisRedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(2)))
            // The crate's worker ends at the first answer that is later.
            .set_response_timeout(Some(Duration::from_secs(5)))
            .set_number_of_retries(1);
        Ok(self
            .redis
            .get_connection_manager_with_config(config)
            .await?)
    }

    /// What the worker had in hand is the relay's to push again.
    async fn forget(&self, worker: &str) {
        let forgotten =
            async { Ok(cleanup::forget(&mut self.connect().await?, &self.config, worker).await?) };
        match tokio::time::timeout(Duration::from_secs(2), forgotten).await {
            Ok(Ok(())) => {}
            Ok::<Result<(), ApalisRedisError>, _>(Err(cause)) => {
                tracing::debug!(%cause, worker, "worker not forgotten")
            }
            Err(_) => tracing::debug!(worker, "worker not forgotten in time"),
        }
    }
}

/// Wake-ups outlive sessions; a session's worker takes its receiver with it when it ends.
async fn pass_on(woken: &mut mpsc::Receiver<()>, told: mpsc::Sender<()>) {
    while woken.recv().await.is_some() {
        let _ = told.try_send(());
    }
}

/// Always well: what became of the job is Postgres's.
async fn hand_on(ids: mpsc::Sender<Uuid>, payload: Vec<u8>) -> Result<(), BoxDynError> {
    match serde_json::from_slice::<JobRef>(&payload) {
        // Refused where the fetcher is gone: the process stops.
        Ok(JobRef { id }) => drop(ids.send(id).await),
        Err(cause) => tracing::error!(%cause, "no job's id was fed_ids, dropped"),
    }
    Ok(())
}
