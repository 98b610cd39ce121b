//! What a process runs for each queue: its fetchers and its apalis worker.

use std::sync::Arc;

use apalis::prelude::{Monitor, WorkerBuilder};
use platform::queue::Queue;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use crate::apalis_redis::ApalisRedisWorker;
use crate::backend::{Assignment, ClaimedJobs};
use crate::config::{QueueBackend, WorkerConfig};
use crate::fetcher::{Fetcher, ProcessContext};
use crate::handler::Handler;
use crate::id_source::{IdSource, RedisSource, SortedSetSource};

/// The jobs of the queue `fast` are so short that it waits for claims: with two fetchers, one pops
/// a batch while the claim of the other's is committed.
const FAST_QUEUE_FETCHERS: usize = 2;

/// Starts the tasks that claim the jobs of one queue, and adds them to `tasks`. Returns the backend
/// that emits the claimed jobs.
pub(crate) fn start_fetchers(
    queue: Queue,
    config: &WorkerConfig,
    redis: &redis::Client,
    process_name: &str,
    process: &ProcessContext,
    tasks: &mut Vec<JoinHandle<()>>,
) -> ClaimedJobs {
    let slots = config.slots.of_queue(queue);
    let namespace = &config.redis.namespace;
    let sources = match config.backend {
        QueueBackend::Vigie => sorted_set_sources(redis, namespace, queue),
        QueueBackend::ApalisRedis => {
            let (worker, ids) =
                ApalisRedisWorker::new(redis.clone(), namespace, queue, process_name, slots);
            let worker = worker.run(process.stop.clone());
            tasks.push(platform::task::spawn_named("apalis-redis worker", worker));
            vec![RedisSource::ApalisRedis(ids)]
        }
    };
    let (sender, assignments) = mpsc::channel(slots);
    let (free, fallback) = (Arc::new(Semaphore::new(slots)), Arc::default());
    let max_claims = slots.div_ceil(sources.len());
    for source in sources {
        let fetcher = Fetcher {
            process: process.clone(),
            claimant: process.claims.new_claimant(),
            source: IdSource::new(process.db.clone(), queue, source, Arc::clone(&fallback)),
            slots: free.clone(),
            max_claims,
            assignments: sender.clone(),
        };
        tasks.push(platform::task::spawn_named("fetcher", fetcher.run()));
    }
    ClaimedJobs { assignments }
}

/// Returns one source for each fetcher of the queue.
fn sorted_set_sources(redis: &redis::Client, namespace: &str, queue: Queue) -> Vec<RedisSource> {
    let fetchers = match queue {
        Queue::Fast => FAST_QUEUE_FETCHERS,
        Queue::Default | Queue::Heavy => 1,
    };
    let new_source = || {
        let source = SortedSetSource::new(redis.clone(), namespace.to_owned());
        RedisSource::SortedSet(Box::new(source))
    };
    std::iter::repeat_with(new_source).take(fetchers).collect()
}

/// Adds the apalis worker of one queue to the monitor.
pub(crate) fn register_worker<W: Send + Sync + 'static>(
    monitor: Monitor,
    name: String,
    backend: ClaimedJobs,
    handler: Handler<W>,
) -> Monitor {
    // apalis calls the factory again to restart a failed worker. Our backend never fails, so it is
    // taken once.
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
                    // A task of its own: apalis polls all handlers of a worker from one task.
                    let _ =
                        platform::task::spawn_named("handler", handler.run_job(assignment)).await;
                }
            })
    })
}
