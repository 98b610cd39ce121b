//! The queue `default` in a Redis server that the test owns.

use std::ops::{Deref, DerefMut};

use platform::ids::JobId;

/// The server with the engine's keys.
#[derive(Debug)]
pub(crate) struct TestRedis(testing::TestRedis);

impl TestRedis {
    pub(crate) fn start() -> Self {
        Self(testing::TestRedis::start())
    }

    /// Returns a server that isn't started yet; `restart` starts it.
    pub(crate) fn away() -> Self {
        Self(testing::TestRedis::away())
    }

    /// Adds an id to the sorted set of the queue `default`, as the relay does.
    pub(crate) async fn deliver_id(&self, id: JobId) {
        redis::cmd("ZADD")
            .arg("test:queue:default")
            .arg(0)
            .arg(id.0.as_bytes())
            .query_async::<()>(&mut self.connection().await)
            .await
            .unwrap();
    }

    /// Pops every id of the queue `default`, as a worker does that dies before its claim.
    pub(crate) async fn pop_all(&self) -> usize {
        let taken: Vec<(Vec<u8>, f64)> = redis::cmd("ZPOPMIN")
            .arg("test:queue:default")
            .arg(1_000_000)
            .query_async(&mut self.connection().await)
            .await
            .unwrap();
        taken.len()
    }

    /// Pushes foreign tasks to apalis-redis: a payload that is no job id, and an id without data.
    pub(crate) async fn push_foreign_tasks(&self) {
        redis::pipe()
            .cmd("HSET")
            .arg(format!("{APALIS_PREFIX}:data"))
            .arg("junk")
            .arg("\0not JSON")
            .cmd("HSET")
            .arg(format!("{APALIS_PREFIX}:meta:junk"))
            .arg(&["attempts", "0", "max_attempts", "1", "status", "Pending"])
            .cmd("RPUSH")
            .arg(format!("{APALIS_PREFIX}:active"))
            .arg(&["junk", "ghost"])
            .query_async::<()>(&mut self.connection().await)
            .await
            .unwrap();
    }

    /// Watches all changes of keys from now on. Up to `max_ids_ahead` ids may have left the set.
    pub(crate) async fn watch_changes(&self, max_ids_ahead: usize) -> RedisWatch {
        let client = redis::Client::open(self.config().url).unwrap();
        let mut events = client.get_async_pubsub().await.unwrap();
        events.psubscribe("__keyevent@0__:*").await.unwrap();
        RedisWatch {
            events,
            connection: self.connection().await,
            max_ids_ahead,
        }
    }
}

impl Deref for TestRedis {
    type Target = testing::TestRedis;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for TestRedis {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Waits for a state of Redis.
pub(crate) struct RedisWatch {
    events: redis::aio::PubSub,
    connection: redis::aio::MultiplexedConnection,
    max_ids_ahead: usize,
}

/// The prefix of the keys of apalis-redis for the queue `default`.
const APALIS_PREFIX: &str = "test:apalis:default";

impl RedisWatch {
    /// Returns once the sorted set or apalis-redis holds the id.
    pub(crate) async fn until_queued(&mut self, id: JobId) {
        loop {
            let (score, is_in_apalis): (Option<f64>, bool) = redis::pipe()
                .cmd("ZSCORE")
                .arg("test:queue:default")
                .arg(id.0.as_bytes())
                .cmd("HEXISTS")
                .arg(format!("{APALIS_PREFIX}:data"))
                .arg(id.to_string())
                .query_async(&mut self.connection)
                .await
                .unwrap();
            if score.is_some() || is_in_apalis {
                return;
            }
            self.wait_for_change().await;
        }
    }

    /// Returns once the sorted set holds `count` ids, less those that may be ahead.
    pub(crate) async fn until_holds(&mut self, count: usize) {
        while self.count_waiting().await.0 + self.max_ids_ahead < count {
            self.wait_for_change().await;
        }
    }

    /// Returns once no id waits for a worker.
    pub(crate) async fn until_empty(&mut self) {
        while self.count_waiting().await != (0, 0) {
            self.wait_for_change().await;
        }
    }

    /// Returns once apalis-redis keeps no data of any task.
    pub(crate) async fn until_no_task_is_left(&mut self) {
        loop {
            let kept: Vec<String> = redis::cmd("KEYS")
                .arg(format!("{APALIS_PREFIX}:*"))
                .query_async(&mut self.connection)
                .await
                .unwrap();
            if kept.iter().all(|key| key.contains(":workers")) {
                return;
            }
            self.wait_for_change().await;
        }
    }

    /// Returns once ids come from Redis. Until apalis-redis is up they come from Postgres,
    /// unordered.
    pub(crate) async fn until_up(&mut self) {
        while self.max_ids_ahead > 0 {
            let mut expiring = 0;
            let known: Vec<String> = redis::cmd("KEYS")
                .arg(format!("{APALIS_PREFIX}:workers:metadata:*"))
                .query_async(&mut self.connection)
                .await
                .unwrap();
            for key in known {
                let ttl: i64 = redis::cmd("TTL")
                    .arg(key)
                    .query_async(&mut self.connection)
                    .await
                    .unwrap();
                expiring += i64::from(ttl > 0);
            }
            if expiring > 0 {
                return;
            }
            self.wait_for_change().await;
        }
    }

    /// Counts the workers that apalis-redis knows.
    pub(crate) async fn count_workers(&mut self) -> usize {
        redis::cmd("ZCARD")
            .arg(format!("{APALIS_PREFIX}:workers"))
            .query_async(&mut self.connection)
            .await
            .unwrap()
    }

    /// Counts the ids in the sorted set and those in apalis-redis.
    async fn count_waiting(&mut self) -> (usize, usize) {
        let (set, list, scheduled): (usize, usize, usize) = redis::pipe()
            .cmd("ZCARD")
            .arg("test:queue:default")
            .cmd("LLEN")
            .arg(format!("{APALIS_PREFIX}:active"))
            .cmd("ZCARD")
            .arg(format!("{APALIS_PREFIX}:scheduled"))
            .query_async(&mut self.connection)
            .await
            .unwrap();
        (set, list + scheduled)
    }

    async fn wait_for_change(&mut self) {
        futures::StreamExt::next(&mut self.events.on_message())
            .await
            .expect("Redis is up");
    }
}
