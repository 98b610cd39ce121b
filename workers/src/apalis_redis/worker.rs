//! Runs the crate's sessions of one queue, one after the other.

use std::time::{Duration, Instant};

use apalis_redis::Config;
use platform::queue::Queue;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::FedIds;
use super::session::SessionContext;

const MAX_BATCH_IDS: usize = 100;
const MIN_RESTART_WAIT: Duration = Duration::from_millis(100);
const MAX_RESTART_WAIT: Duration = Duration::from_secs(2);
/// After a session of this length the restart wait starts over.
const HEALTHY_SESSION: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct ApalisRedisWorker {
    sessions: SessionContext,
    /// Unique per start of the process.
    process_name: String,
    wakeups: mpsc::Receiver<()>,
}

impl ApalisRedisWorker {
    /// Returns the worker of a queue and the fetcher's end of its ids. Up to twice as many ids as
    /// there are slots are on their way at once.
    pub(crate) fn new(
        redis: redis::Client,
        namespace: &str,
        queue: Queue,
        process_name: &str,
        slots: usize,
    ) -> (Self, FedIds) {
        let (ids, received_ids) = mpsc::channel(2 * slots);
        let (wake, wakeups) = mpsc::channel(1);
        let (is_up, watch_up) = watch::channel(false);
        let config = Config::default()
            .queue(format!("{namespace}:apalis:{}", queue.name()))
            .batch_size(slots.min(MAX_BATCH_IDS))
            // Locking costs one LREM per job, over the whole queue.
            .lock_tasks(false)
            // Without results the crate sends no acknowledgement.
            .persist_results(true)
            .emit_events(false)
            .heartbeat_interval(Duration::from_secs(1))
            .missed_heartbeats(5);
        let fed_ids = FedIds {
            ids: received_ids,
            wake: wake.clone(),
            is_up: watch_up,
        };
        let worker = Self {
            sessions: SessionContext {
                redis,
                namespace: namespace.to_owned(),
                queue,
                config,
                ids,
                wake,
                is_up,
            },
            process_name: process_name.to_owned(),
            wakeups,
        };
        (worker, fed_ids)
    }

    /// Runs until `stop`. A session that fails is logged and followed by another.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut wait = MIN_RESTART_WAIT;
        for number in 0_u64.. {
            let started = Instant::now();
            let queue = self.sessions.queue.name();
            let worker = format!("{}-{queue}-{number}", self.process_name);
            let failure = tokio::select! {
                () = stop.cancelled() => None,
                Err(cause) = self.sessions.run_session(&worker, &mut self.wakeups) => Some(cause),
            };
            self.sessions.is_up.send_replace(false);
            self.sessions.delete_worker(&worker).await;
            let Some(cause) = failure else { return };
            wait = if started.elapsed() >= HEALTHY_SESSION {
                MIN_RESTART_WAIT
            } else {
                (wait * 2).min(MAX_RESTART_WAIT)
            };
            tracing::warn!(
                %cause,
                worker,
                "apalis-redis failed, taking jobs from Postgres until it is restarted"
            );
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}
