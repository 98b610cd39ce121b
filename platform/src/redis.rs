//! Redis connections. Redis is an index that can be thrown away: every caller must do without it.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisResult};

use crate::config::Env;

/// Where Redis is, and the prefix of every key (`{namespace}:...`).
#[derive(Debug, Clone)]
pub struct RedisConfig {
    pub url: String,
    pub namespace: String,
}

impl RedisConfig {
    pub fn from_env(env: &mut Env) -> Self {
        Self {
            url: env.required("REDIS_URL"),
            namespace: env.parsed_or("VIGIE_QUEUE_NAMESPACE", "vigie".to_owned()),
        }
    }

    /// # Errors
    /// A malformed URL.
    pub fn client(&self) -> RedisResult<Client> {
        Client::open(self.url.as_str())
    }
}

/// A shared connection that fails fast and mends itself: one retry, two seconds to connect and to
/// answer. Not for blocking commands.
///
/// # Errors
/// Redis can't be reached now.
pub async fn connect(client: &Client) -> RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(2)))
        .set_response_timeout(Some(Duration::from_secs(2)))
        .set_number_of_retries(1);
    client.get_connection_manager_with_config(config).await
}
