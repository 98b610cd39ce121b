//! The loss of Redis, and what it holds.

use super::{System, eventually};

impl System {
    /// Flushes Redis and, after the relay has refilled it, restarts it empty.
    pub(crate) async fn lose_redis(&mut self) {
        self.redis.flush().await;
        let epoch = format!("{}:epoch", self.redis.config().namespace);
        let mut redis = self.redis.connection().await;
        eventually("the relay has refilled Redis", async || {
            let marked: bool = redis::cmd("EXISTS")
                .arg(&epoch)
                .query_async(&mut redis)
                .await
                .unwrap();
            marked.then_some(())
        })
        .await;
        self.redis.restart_empty();
    }

    /// Counts the jobs of the queue that wait in Redis for a free slot.
    pub(crate) async fn waiting_in_redis(&self, queue: &str) -> usize {
        let key = format!("{}:queue:{queue}", self.redis.config().namespace);
        redis::cmd("ZCARD")
            .arg(key)
            .query_async(&mut self.redis.connection().await)
            .await
            .unwrap()
    }
}
