//! The feeder: moves ids from the relay's sorted set into apalis-redis, no more than this process
//! has room for. Ids that wait in apalis-redis have left the fair order.

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
use tokio::sync::{mpsc, watch};

use super::ApalisRedisError;
use super::cleanup::{self, TaskCounts};
use super::raw_codec::{JobRef, RawCodec};
use crate::sorted_set::{POP_TIMEOUT, SortedSet};

/// How long the feeder waits while ids are on their way to the fetcher.
const ROOM_POLL_INTERVAL: Duration = Duration::from_millis(1);

pub(super) struct Feeder {
    pub(super) redis: ConnectionManager,
    pub(super) set: SortedSet,
    pub(super) config: Config,
    pub(super) worker: String,
    pub(super) ids: mpsc::Sender<Uuid>,
    pub(super) wake: mpsc::Sender<()>,
    pub(super) is_up: watch::Sender<bool>,
}

impl Feeder {
    /// Runs until the first error.
    pub(super) async fn run(mut self) -> Result<(), ApalisRedisError> {
        let storage =
            RedisStorage::<Vec<u8>>::new(self.redis.clone()).with_config(self.config.clone());
        let mut storage = storage.with_codec(RawCodec);
        loop {
            let TaskCounts { waiting, held } =
                cleanup::delete_done_tasks(&mut self.redis, &self.config, &self.worker).await?;
            self.is_up
                .send_if_modified(|is_up| !std::mem::replace(is_up, true));
            let room = self.ids.capacity().saturating_sub(waiting + held);
            if room == 0 {
                self.wait_for_room().await;
                continue;
            }
            let ids = self.set.pop_ids(room, POP_TIMEOUT).await?;
            if !ids.is_empty() {
                push_ids(&mut storage, &ids).await?;
                // If the channel is full, a wake-up is already pending.
                let _ = self.wake.try_send(());
            }
        }
    }

    async fn wait_for_room(&self) {
        tokio::time::sleep(ROOM_POLL_INTERVAL).await;
        if self.ids.capacity() == 0 {
            // Every slot is busy. The fetcher's next receive ends the wait. The timeout lets done
            // tasks be deleted meanwhile.
            let _ = tokio::time::timeout(POP_TIMEOUT, self.ids.reserve()).await;
        }
    }
}

async fn push_ids(
    storage: &mut WithCodec<RedisStorage<Vec<u8>>, RawCodec>,
    ids: &[Uuid],
) -> Result<(), ApalisRedisError> {
    let tasks: Vec<Task<Vec<u8>>> = ids
        .iter()
        .map(|id| {
            let payload = serde_json::to_vec(&JobRef { id: *id }).expect("an id is JSON");
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
