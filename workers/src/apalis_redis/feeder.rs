//! Moves ids from the relay's sorted set into apalis-redis, no more than this process has room for:
//! what waits there is out of the fair order.

use std::time::Duration;

use apalis_core::backend::TaskSink as _;
use apalis_core::backend::ext::BackendExt as _;
use apalis_core::backend::ext::with_codec::WithCodec;
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use apalis_redis::{Config, RedisStorage};
use platform::ids::Uuid;
use redis::aio::ConnectionManager;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};

use super::limiter::Raw;
use super::cleanup::{self, Counts};
use crate::sorted_set::{BLOCK, SortedSet};

/// While ids are on their way to the fetcher.
const WAIT_FOR_ROOM: Duration = Duration::from_millis(1);

/// What is carried.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct JobRef {
    pub(crate) id: Uuid,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ApalisRedisError {
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    #[error("pushing ids: {0}")]
    Push(String),
    #[error("the worker stopped: {0}")]
    Worker(#[from] apalis_core::error::WorkerError),
    #[error("the worker stopped by itself")]
    Ended,
}

pub(crate) struct Feeder {
    pub(crate) redis: ConnectionManager,
    pub(crate) set: SortedSet,
    pub(crate) config: Config,
    pub(crate) worker: String,
    pub(crate) ids: mpsc::Sender<Uuid>,
    pub(crate) wake: mpsc::Sender<()>,
    pub(crate) up: watch::Sender<bool>,
}

impl Feeder {
    /// Never returns well.
    pub(crate) async fn run(mut self) -> Result<(), ApalisRedisError> {
        let storage =
            RedisStorage::<Vec<u8>>::new(self.redis.clone()).with_config(self.config.clone());
        let mut storage = storage.with_codec(Raw);
        loop {
            let Counts { waiting, held } =
                cleanup::tidy(&mut self.redis, &self.config, &self.worker).await?;
            self.up.send_if_modified(|up| !std::mem::replace(up, true));
            let room = self.ids.capacity().saturating_sub(waiting + held);
            if room == 0 {
                self.wait_for_room().await;
                continue;
            }
            let ids = self.set.pop(room, BLOCK).await?;
            if !ids.is_empty() {
                push(&mut storage, &ids).await?;
                // Full is as good: it is told already.
                let _ = self.wake.try_send(());
            }
        }
    }

    async fn wait_for_room(&self) {
        tokio::time::sleep(WAIT_FOR_ROOM).await;
        if self.ids.capacity() == 0 {
            // Every slot is busy: the fetcher's next take ends the wait, and at the latest a second,
            // so that what is done is cleared.
            let _ = tokio::time::timeout(BLOCK, self.ids.reserve()).await;
        }
    }
}

async fn push(
    storage: &mut WithCodec<RedisStorage<Vec<u8>>, Raw>,
    ids: &[Uuid],
) -> Result<(), ApalisRedisError> {
    let tasks: Vec<Task<Vec<u8>>> = ids
        .iter()
        .map(|id| {
            let payload = serde_json::to_vec(&JobRef { id: *id }).unwrap_or_default();
            TaskBuilder::new(payload)
                .task_id(TaskId::from_string(id.to_string()))
                .build()
        })
        .collect();
    storage
        .push_all(futures::stream::iter(tasks))
        .await
        .map_err(|cause| ApalisRedisError::Push(cause.to_string()))
}
