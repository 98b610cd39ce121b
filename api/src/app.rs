//! [`App`]: the state that all handlers share.

use std::sync::Arc;
use std::time::Duration;

use ::jobs::{Registry, Services};
use domain::catalog::import::FileQuota;
use platform::blobs::Blobs;
use platform::crypto::Keyring;
use platform::db::Db;
use platform::queue::Enqueuer;
use platform::redis::RedisConfig;
use providers::Providers;

use crate::auth::{Authenticator, Passwords, Tokens, TrustedProxies};
use crate::config::ApiConfig;

/// The state that all handlers share. Cloning it is cheap.
#[derive(Clone)]
pub struct App(Arc<Shared>);

struct Shared {
    services: Services,
    redis: RedisConfig,
    registry: Registry,
    tokens: Tokens,
    authenticator: Authenticator,
    passwords: Passwords,
    enqueuer: Enqueuer,
    trusted_proxies: TrustedProxies,
    upload_limit: u64,
    upload_idle_timeout: Duration,
    file_quota: FileQuota,
}

impl App {
    /// Starts the tasks that batch requests, so it needs a Tokio runtime.
    pub fn new(services: Services, redis: RedisConfig, config: &ApiConfig) -> Self {
        Self(Arc::new(Shared {
            tokens: Tokens::new(config.signing_keys.clone()),
            authenticator: Authenticator::start(&services.db),
            passwords: Passwords::new(),
            enqueuer: Enqueuer::start(&services.db),
            registry: ::jobs::build_registry(),
            trusted_proxies: config.trusted_proxies.clone(),
            upload_limit: config.upload_limit,
            upload_idle_timeout: config.upload_idle_timeout,
            file_quota: config.file_quota,
            redis,
            services,
        }))
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.services.db
    }

    pub(crate) fn blobs(&self) -> &Blobs {
        &self.0.services.blobs
    }

    /// The size of the largest accepted file, in bytes.
    pub(crate) fn upload_limit(&self) -> u64 {
        self.0.upload_limit
    }

    /// The time without a byte after which an upload is aborted.
    pub(crate) fn upload_idle_timeout(&self) -> Duration {
        self.0.upload_idle_timeout
    }

    /// What the files of one company may take up.
    pub(crate) fn file_quota(&self) -> &FileQuota {
        &self.0.file_quota
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.0.services.keyring
    }

    pub(crate) fn providers(&self) -> &Providers {
        &self.0.services.providers
    }

    /// The public URL of this API, without a trailing slash.
    pub(crate) fn public_url(&self) -> &str {
        &self.0.services.public_url
    }

    /// The URL of the pages for people, without a trailing slash.
    pub(crate) fn console_url(&self) -> &str {
        &self.0.services.console_url
    }

    pub(crate) fn redis(&self) -> &RedisConfig {
        &self.0.redis
    }

    /// All job kinds.
    pub(crate) fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// Enqueues jobs without other writes, many in one commit.
    pub(crate) fn enqueuer(&self) -> &Enqueuer {
        &self.0.enqueuer
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    pub(crate) fn authenticator(&self) -> &Authenticator {
        &self.0.authenticator
    }

    /// The proxies whose `X-Forwarded-For` is trusted.
    pub(crate) fn trusted_proxies(&self) -> &TrustedProxies {
        &self.0.trusted_proxies
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }
}
