//! The sorted set of a queue's due job ids in fair order, which the relay fills.

use std::time::Duration;

use platform::ids::Uuid;
use platform::queue::Queue;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisResult};

/// How long one blocking pop waits; also how soon its caller notices a stop.
pub(crate) const POP_TIMEOUT: Duration = Duration::from_secs(1);
/// Longer than a blocking pop.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(4);

#[derive(Debug)]
pub(crate) struct SortedSet {
    key: String,
    /// Not shared: a blocking pop delays every other command on its connection.
    connection: MultiplexedConnection,
}

/// The set's key, then ids with their scores.
type PopReply = (String, Vec<(Vec<u8>, f64)>);

impl SortedSet {
    /// Fails if Redis can't be reached within a second.
    pub(crate) async fn connect(
        redis: &redis::Client,
        namespace: &str,
        queue: Queue,
    ) -> RedisResult<Self> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(RESPONSE_TIMEOUT));
        let connection = redis
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        Ok(Self {
            key: queue_key(namespace, queue),
            connection,
        })
    }

    /// Returns up to `limit` ids with the lowest scores, or none if none came within `timeout`.
    /// After an error, the relay's look-back pushes the ids again that were popped and lost.
    pub(crate) async fn pop_ids(
        &mut self,
        limit: usize,
        timeout: Duration,
    ) -> RedisResult<Vec<Uuid>> {
        let reply: Option<PopReply> = redis::cmd("BZMPOP")
            .arg(timeout.as_secs_f64())
            .arg(1)
            .arg(&self.key)
            .arg("MIN")
            .arg("COUNT")
            .arg(limit)
            .query_async(&mut self.connection)
            .await?;
        let members = reply.map(|(_, members)| members).unwrap_or_default();
        Ok(members
            .into_iter()
            .filter_map(|(id, _)| Uuid::from_slice(&id).ok())
            .collect())
    }
}

pub(crate) fn queue_key(namespace: &str, queue: Queue) -> String {
    format!("{namespace}:queue:{}", queue.name())
}
