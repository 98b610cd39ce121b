//! Where Postgres is, and the sizes of the pools.

use secrecy::SecretString;

use crate::config::Env;

/// The URL of Postgres and the most connections of each pool.
#[derive(Debug, Clone)]
pub struct DbConfig {
    pub url: SecretString,
    pub app_connections: u32,
    pub engine_connections: u32,
    pub hot_connections: u32,
}

impl DbConfig {
    pub fn from_env(env: &mut Env) -> Self {
        Self {
            url: env.read_secret("DATABASE_URL"),
            app_connections: env.parse_or("VIGIE_DB_APP_CONNECTIONS", 20),
            engine_connections: env.parse_or("VIGIE_DB_ENGINE_CONNECTIONS", 8),
            hot_connections: env.parse_or("VIGIE_DB_HOT_CONNECTIONS", 6),
        }
    }

    /// Few connections per pool, for tests that run side by side against one server.
    pub fn small(url: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            app_connections: 6,
            engine_connections: 4,
            hot_connections: 4,
        }
    }
}
