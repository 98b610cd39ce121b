//! Redis as it is seen from outside, and its loss.

use super::{System, eventually};

impl System {
    /// Redis is emptied and, once the relay has marked it as filled again, ends and comes back empty.
    pub(crate) async fn lose_redis(&mut self) {
        self.redis.flush().await;
        let epoch = format!("{}:epoch", self.redis.config().namespace);
        let mut redis = self.redis.connection().await;
        eventually("the relay has seen the loss", async || {
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

    /// How many jobs of the queue wait in Redis for a free slot.
    pub(crate) async fn waiting_in_redis(&self, queue: &str) -> usize {
        let key = format!("{}:queue:{queue}", self.redis.config().namespace);
        redis::cmd("ZCARD")
            .arg(key)
            .query_async(&mut self.redis.connection().await)
            .await
            .unwrap()
    }
}
