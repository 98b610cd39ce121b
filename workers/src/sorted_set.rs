//! The sorted set of a queue's due job ids, in fair order: what the relay fills.

use std::time::Duration;

use platform::ids::Uuid;
use platform::queue::Queue;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisResult};

/// How long one blocking pop waits; also how soon its caller sees that it should stop.
pub(crate) const BLOCK: Duration = Duration::from_secs(1);
/// Longer than a blocking pop.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);

#[derive(Debug)]
pub(crate) struct SortedSet {
    key: String,
    /// Of its own: a blocking pop holds up whatever shares it.
    connection: MultiplexedConnection,
}

/// The set's key, then ids with their scores.
type Popped = (String, Vec<(Vec<u8>, f64)>);

impl SortedSet {
    /// # Errors
    /// Redis can't be reached within a second.
    pub(crate) async fn connect(
        redis: &redis::Client,
        namespace: &str,
        queue: Queue,
    ) -> RedisResult<Self> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(ANSWER_WITHIN));
        let connection = redis
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        Ok(Self {
            key: queue_key(namespace, queue),
            connection,
        })
    }

    /// Up to `limit` ids, the next in turn first; none where none came within `block`.
    ///
    /// # Errors
    /// Redis's; ids that it gave and that never came are pushed again by the relay's look-back.
    pub(crate) async fn pop(&mut self, limit: usize, block: Duration) -> RedisResult<Vec<Uuid>> {
        let popped: Option<Popped> = redis::cmd("BZMPOP")
            .arg(block.as_secs_f64())
            .arg(1)
            .arg(&self.key)
            .arg("MIN")
            .arg("COUNT")
            .arg(limit)
            .query_async(&mut self.connection)
            .await?;
        let members = popped.map(|(_, members)| members).unwrap_or_default();
        Ok(members
            .into_iter()
            .filter_map(|(id, _)| Uuid::from_slice(&id).ok())
            .collect())
    }
}

pub(crate) fn queue_key(namespace: &str, queue: Queue) -> String {
    format!("{namespace}:queue:{}", queue.name())
}
