//! The queue `default` as it stands in a Redis server of the test's own.

use std::ops::{Deref, DerefMut};

use platform::ids::JobId;

/// The server, and the engine's keys in it.
#[derive(Debug)]
pub(crate) struct TestRedis(platform::testing::TestRedis);

impl TestRedis {
    pub(crate) fn start() -> Self {
        Self(platform::testing::TestRedis::start())
    }

    /// A server that isn't there yet: `restart` brings it.
    pub(crate) fn away() -> Self {
        Self(platform::testing::TestRedis::away())
    }

    /// Puts an id into the sorted set of the queue `default`, as the relay does.
    pub(crate) async fn deliver(&self, id: JobId) {
        redis::cmd("ZADD")
            .arg("test:queue:default")
            .arg(0)
            .arg(id.0.as_bytes())
            .query_async::<()>(&mut self.connection().await)
            .await
            .unwrap();
    }

    /// Takes every id of the queue `default` away, as a worker does that dies before it claims.
    pub(crate) async fn take_all(&self) -> usize {
        let taken: Vec<(Vec<u8>, f64)> = redis::cmd("ZPOPMIN")
            .arg("test:queue:default")
            .arg(1_000_000)
            .query_async(&mut self.connection().await)
            .await
            .unwrap();
        taken.len()
    }

    /// Puts into apalis-redis what isn't ours: a payload that is no id, and an id without data.
    pub(crate) async fn carry_junk(&self) {
        redis::pipe()
            .cmd("HSET")
            .arg(format!("{CARRIED}:data"))
            .arg("junk")
            .arg("\0not JSON")
            .cmd("HSET")
            .arg(format!("{CARRIED}:meta:junk"))
            .arg(&["attempts", "0", "max_attempts", "1", "status", "Pending"])
            .cmd("RPUSH")
            .arg(format!("{CARRIED}:active"))
            .arg(&["junk", "ghost"])
            .query_async::<()>(&mut self.connection().await)
            .await
            .unwrap();
    }

    /// Hears of every change of keys from now on. As many as `ahead` ids may be out of the set.
    pub(crate) async fn changes(&self, ahead: usize) -> Changes {
        let client = redis::Client::open(self.config().url).unwrap();
        let mut events = client.get_async_pubsub().await.unwrap();
        events.psubscribe("__keyevent@0__:*").await.unwrap();
        Changes {
            events,
            connection: self.connection().await,
            ahead,
        }
    }
}

impl Deref for TestRedis {
    type Target = platform::testing::TestRedis;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for TestRedis {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Waits for what happens in Redis.
pub(crate) struct Changes {
    events: redis::aio::PubSub,
    connection: redis::aio::MultiplexedConnection,
    ahead: usize,
}

/// Where apalis-redis keeps the queue `default`.
const CARRIED: &str = "test:apalis:default";

impl Changes {
    /// Returns once the queue `default` holds the id, or apalis-redis has it from there.
    pub(crate) async fn until_queued(&mut self, id: JobId) {
        loop {
            let (score, carried): (Option<f64>, bool) = redis::pipe()
                .cmd("ZSCORE")
                .arg("test:queue:default")
                .arg(id.0.as_bytes())
                .cmd("HEXISTS")
                .arg(format!("{CARRIED}:data"))
                .arg(id.to_string())
                .query_async(&mut self.connection)
                .await
                .unwrap();
            if score.is_some() || carried {
                return;
            }
            self.next().await;
        }
    }

    /// Returns once the queue `default` holds as many ids.
    pub(crate) async fn until_holds(&mut self, count: usize) {
        while self.waiting().await.0 + self.ahead < count {
            self.next().await;
        }
    }

    /// Returns once no id waits for a worker.
    pub(crate) async fn until_empty(&mut self) {
        while self.waiting().await != (0, 0) {
            self.next().await;
        }
    }

    /// Returns once apalis-redis keeps nothing of any task.
    pub(crate) async fn until_forgotten(&mut self) {
        loop {
            let kept: Vec<String> = redis::cmd("KEYS")
                .arg(format!("{CARRIED}:*"))
                .query_async(&mut self.connection)
                .await
                .unwrap();
            if kept.iter().all(|key| key.contains(":workers")) {
                return;
            }
            self.next().await;
        }
    }

    /// Returns once ids come by Redis: until apalis-redis goes they come from Postgres, in its order.
    pub(crate) async fn until_going(&mut self) {
        while self.ahead > 0 {
            let mut expiring = 0;
            let known: Vec<String> = redis::cmd("KEYS")
                .arg(format!("{CARRIED}:workers:metadata:*"))
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
            self.next().await;
        }
    }

    /// How many workers apalis-redis knows.
    pub(crate) async fn workers(&mut self) -> usize {
        redis::cmd("ZCARD")
            .arg(format!("{CARRIED}:workers"))
            .query_async(&mut self.connection)
            .await
            .unwrap()
    }

    /// Ids in the set, and ids in apalis-redis.
    async fn waiting(&mut self) -> (usize, usize) {
        let (set, list, scheduled): (usize, usize, usize) = redis::pipe()
            .cmd("ZCARD")
            .arg("test:queue:default")
            .cmd("LLEN")
            .arg(format!("{CARRIED}:active"))
            .cmd("ZCARD")
            .arg(format!("{CARRIED}:scheduled"))
            .query_async(&mut self.connection)
            .await
            .unwrap();
        (set, list + scheduled)
    }

    async fn next(&mut self) {
        futures::StreamExt::next(&mut self.events.on_message())
            .await
            .expect("Redis goes on");
    }
}
