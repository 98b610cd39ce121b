//! Redis connections. Redis is a disposable index, so every caller must work without it.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisResult};

use crate::config::Env;

const TIMEOUT: Duration = Duration::from_secs(2);

/// The URL of Redis, and the prefix of every key (`{namespace}:...`).
#[derive(Debug, Clone)]
pub struct RedisConfig {
    pub url: String,
    pub namespace: String,
}

impl RedisConfig {
    pub fn from_env(env: &mut Env) -> Self {
        Self {
            url: env.read_required("REDIS_URL"),
            namespace: env.parse_or("VIGIE_QUEUE_NAMESPACE", "vigie".to_owned()),
        }
    }

    /// Opens a client; the only error is a malformed URL.
    pub fn client(&self) -> RedisResult<Client> {
        Client::open(self.url.as_str())
    }
}

/// Opens a shared connection that fails fast and reconnects by itself: one retry, and timeouts of
/// two seconds. It isn't for blocking commands.
pub async fn open_connection(client: &Client) -> RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(TIMEOUT))
        .set_response_timeout(Some(TIMEOUT))
        .set_number_of_retries(1);
    client.get_connection_manager_with_config(config).await
}
