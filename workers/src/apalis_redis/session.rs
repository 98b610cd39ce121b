//! One session: a connection, an apalis worker under its own name, and a feeder. The first of them
//! that ends, ends the session, never the process.

use std::time::Duration;

use apalis::prelude::{BoxDynError, WorkerBuilder};
use apalis_redis::{Config, RedisStorage};
use platform::ids::Uuid;
use platform::queue::Queue;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::sync::{mpsc, watch};

use super::feeder::Feeder;
use super::limiter::Limiter;
use super::raw_codec::JobRef;
use super::{ApalisRedisError, cleanup};
use crate::sorted_set::SortedSet;

const DELETE_WORKER_DEADLINE: Duration = Duration::from_secs(2);

/// What the sessions of a queue share.
#[derive(Debug)]
pub(super) struct SessionContext {
    pub(super) redis: redis::Client,
    pub(super) namespace: String,
    pub(super) queue: Queue,
    pub(super) config: Config,
    pub(super) ids: mpsc::Sender<Uuid>,
    pub(super) wake: mpsc::Sender<()>,
    pub(super) is_up: watch::Sender<bool>,
}

impl SessionContext {
    /// Runs a session until its first part ends. Always returns an error.
    pub(super) async fn run_session(
        &self,
        worker: &str,
        wakeups: &mut mpsc::Receiver<()>,
    ) -> Result<(), ApalisRedisError> {
        let redis = self.connect().await?;
        let feeder = Feeder {
            redis: redis.clone(),
            set: SortedSet::connect(&self.redis, &self.namespace, self.queue).await?,
            config: self.config.clone(),
            worker: worker.to_owned(),
            ids: self.ids.clone(),
            wake: self.wake.clone(),
            is_up: self.is_up.clone(),
        };
        let (wake_limiter, limiter_wakeups) = mpsc::channel(1);
        let storage = RedisStorage::<Vec<u8>>::new(redis).with_config(self.config.clone());
        let limiter = Limiter::new(storage, self.ids.clone(), limiter_wakeups);
        let ids = self.ids.clone();
        let handler = move |payload: Vec<u8>| forward_id(ids.clone(), payload);
        let worker = WorkerBuilder::new(worker).backend(limiter).build(handler);
        tokio::select! {
            ended = worker.run() => {
                ended.map_err(ApalisRedisError::from).and(Err(ApalisRedisError::Ended))
            }
            ended = feeder.run() => ended,
            () = forward_wakeups(wakeups, wake_limiter) => Err(ApalisRedisError::Ended),
        }
    }

    /// Deletes an ended worker with all ids that it holds: the relay's look-back pushes them again.
    pub(super) async fn delete_worker(&self, worker: &str) {
        let deleted = async {
            let mut redis = self.connect().await?;
            Ok(cleanup::delete_worker(&mut redis, &self.config, worker).await?)
        };
        match tokio::time::timeout(DELETE_WORKER_DEADLINE, deleted).await {
            Ok(Ok(())) => {}
            Ok::<Result<(), ApalisRedisError>, _>(Err(cause)) => {
                tracing::debug!(%cause, worker, "apalis-redis worker not deleted")
            }
            Err(_) => tracing::debug!(worker, "apalis-redis worker not deleted in time"),
        }
    }

    async fn connect(&self) -> Result<ConnectionManager, ApalisRedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(2)))
            // The crate's worker ends at the first later response.
            .set_response_timeout(Some(Duration::from_secs(5)))
            .set_number_of_retries(1);
        Ok(self
            .redis
            .get_connection_manager_with_config(config)
            .await?)
    }
}

/// Forwards wake-ups, which outlive sessions, to the session's limiter, which owns its receiver.
async fn forward_wakeups(wakeups: &mut mpsc::Receiver<()>, limiter: mpsc::Sender<()>) {
    while wakeups.recv().await.is_some() {
        let _ = limiter.try_send(());
    }
}

/// Sends a task's job id to the fetcher. Always returns `Ok` to apalis; the job's outcome is
/// recorded in Postgres.
async fn forward_id(ids: mpsc::Sender<Uuid>, payload: Vec<u8>) -> Result<(), BoxDynError> {
    match serde_json::from_slice::<JobRef>(&payload) {
        // Fails only if the fetcher has ended, because the process stops.
        Ok(JobRef { id }) => drop(ids.send(id).await),
        Err(cause) => tracing::error!(%cause, "task holds no job id, dropped"),
    }
    Ok(())
}
