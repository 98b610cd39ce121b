//! What a process runs for each queue: its fetchers and its apalis worker.

use std::sync::Arc;

use apalis::prelude::{Monitor, WorkerBuilder};
use platform::queue::Queue;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use crate::apalis_redis::ApalisRedisWorker;
use crate::claimed_jobs::{Assignment, ClaimedJobs};
use crate::config::{QueueBackend, WorkerConfig};
use crate::fetcher::{Fetcher, ProcessContext};
use crate::handler::Handler;
use crate::id_source::{IdSource, RedisSource, SortedSetSource};

/// Jobs of the queue `fast` often end sooner than the next batch is claimed. With two fetchers, one
/// pops ids while the other's claim is committed.
const FAST_QUEUE_FETCHERS: usize = 2;

/// Starts the tasks that claim the jobs of one queue, and adds them to `tasks`. Returns the claimed
/// jobs, which are apalis's backend.
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
    let sources = match config.queue_backend {
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
    ClaimedJobs::new(assignments)
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
pub(crate) fn register_worker<S: Send + Sync + 'static>(
    monitor: Monitor,
    name: String,
    jobs: ClaimedJobs,
    handler: Handler<S>,
) -> Monitor {
    // apalis calls the factory again to restart a failed worker.
    monitor.register(move |_restarts| {
        let handler = handler.clone();
        WorkerBuilder::new(name.as_str())
            .backend(jobs.clone())
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
