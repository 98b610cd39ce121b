//! The HTTP process: one module per area with its routes, its request and response types and its
//! handlers. All areas share [`App`], the router, and the layers of `middleware`.
//!
//! * `extract` reads requests, `auth` authenticates callers, `pagination` cuts lists into pages.
//! * `idempotency` runs an effect once per `Idempotency-Key`.
//! * `error` and `codes` are what handlers return, `problem` is the body of an error.

mod auth;
mod codes;
mod error;
mod extract;
mod idempotency;
mod middleware;
mod pagination;
mod problem;

mod identity;

mod catalog;
mod imports;
mod rupture;

mod alerts;
mod notifications;

mod ads;
mod billing;
mod jobs;
mod ops;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::jobs::Services;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::serve::ListenerExt as _;
use platform::blobs::Blobs;
use platform::config::Env;
use platform::crypto::Keyring;
use platform::db::Db;
use platform::queue::batch::Enqueuer;
use platform::redis::RedisConfig;
use providers::Providers;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use crate::auth::TrustedProxies;
use crate::auth::{Authenticator, Passwords, Tokens};
use crate::codes::ErrorCode;
use crate::error::Error;

/// For all routes except uploads.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The settings of the HTTP process.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    pub addr: SocketAddr,
    /// Signs access tokens; 32 bytes or more.
    pub signing_key: SecretString,
    pub trusted_proxies: TrustedProxies,
    /// Largest uploaded file, in bytes.
    pub upload_limit: u64,
    /// The longest pause between two parts of an upload.
    pub upload_silence: Duration,
}

/// 2 GiB.
const DEFAULT_UPLOAD_LIMIT_MIB: u64 = 2 << 10;
const DEFAULT_UPLOAD_SILENCE_SECONDS: u64 = 60;

impl ApiConfig {
    pub fn from_env(env: &mut Env) -> Self {
        let signing_key = env.secret("VIGIE_SIGNING_KEY");
        let length = signing_key.expose_secret().len();
        if (1..32).contains(&length) {
            env.problem(format!(
                "VIGIE_SIGNING_KEY has {length} bytes; it needs at least 32"
            ));
        }
        Self {
            addr: env.parsed_or("VIGIE_API_ADDR", SocketAddr::from(([127, 0, 0, 1], 8080))),
            signing_key,
            trusted_proxies: env.parsed_or("VIGIE_TRUSTED_PROXIES", TrustedProxies::default()),
            upload_limit: env
                .parsed_or("VIGIE_UPLOAD_LIMIT_MIB", DEFAULT_UPLOAD_LIMIT_MIB)
                .saturating_mul(1 << 20),
            upload_silence: read_upload_silence(env),
        }
    }
}

fn read_upload_silence(env: &mut Env) -> Duration {
    let seconds = env.parsed_or(
        "VIGIE_UPLOAD_SILENCE_SECONDS",
        DEFAULT_UPLOAD_SILENCE_SECONDS,
    );
    if seconds == 0 {
        env.problem("VIGIE_UPLOAD_SILENCE_SECONDS must be at least 1");
    }
    Duration::from_secs(seconds)
}

/// The state that all handlers share. Cloning it is cheap.
#[derive(Clone)]
pub struct App(Arc<Shared>);

struct Shared {
    services: Services,
    redis: RedisConfig,
    registry: ::jobs::Registry,
    tokens: Tokens,
    authenticator: Authenticator,
    passwords: Passwords,
    enqueuer: Enqueuer,
    trusted_proxies: TrustedProxies,
    upload_limit: u64,
    upload_silence: Duration,
}

impl App {
    /// Starts the tasks that batch requests, so it needs a Tokio runtime.
    pub fn new(services: Services, redis: RedisConfig, config: &ApiConfig) -> Self {
        Self(Arc::new(Shared {
            tokens: Tokens::new(&config.signing_key),
            authenticator: Authenticator::start(&services.db),
            passwords: Passwords::new(),
            enqueuer: Enqueuer::start(&services.db),
            registry: ::jobs::registry(),
            trusted_proxies: config.trusted_proxies.clone(),
            upload_limit: config.upload_limit,
            upload_silence: config.upload_silence,
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
    pub(crate) fn upload_silence(&self) -> Duration {
        self.0.upload_silence
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

    pub(crate) fn redis(&self) -> &RedisConfig {
        &self.0.redis
    }

    /// All job kinds.
    pub(crate) fn registry(&self) -> &::jobs::Registry {
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

/// All routes with their layers.
pub fn router(app: App) -> Router {
    let time_limited = Router::new()
        .merge(identity::router())
        .merge(catalog::router())
        .merge(imports::router())
        .merge(rupture::router())
        .merge(alerts::router())
        .merge(notifications::router())
        .merge(ads::router())
        .merge(billing::router())
        .merge(jobs::router())
        .merge(ops::router())
        .layer(from_fn(middleware::limit_time));
    Router::new()
        .nest("/api/v1", time_limited.merge(imports::uploads()))
        .merge(ops::health_router())
        .fallback(route_not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(middleware::observe_request))
        .with_state(app)
}

/// Serves until `stop`, then lets open requests finish.
pub async fn serve(
    app: App,
    listener: TcpListener,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let listener = listener.tap_io(|connection| {
        if let Err(cause) = connection.set_nodelay(true) {
            tracing::debug!(%cause, "cannot disable Nagle's algorithm on a connection");
        }
    });
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await
}

async fn route_not_found() -> Error {
    Error::new(ErrorCode::NotFound, "this route does not exist")
}

async fn method_not_allowed() -> Error {
    Error::new(
        ErrorCode::MethodNotAllowed,
        "this route does not support the method",
    )
}
