//! The HTTP process: one file per area with its routes, its request and response types and its
//! handlers. What all share is here: [`App`], the router, and the layers of `shell`.
//!
//! `error`, `codes`, `extract`, `pagination`, `auth` and `idempotency` are how areas say no, read,
//! page, know the caller and repeat; `identity` shows the style.

mod auth;
mod codes;
mod error;
mod extract;
mod idempotency;
mod pagination;
mod shell;

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
use platform::queue::Enqueuer;
use platform::redis::RedisConfig;
use providers::Providers;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use crate::auth::TrustedProxies;
use crate::auth::{Authenticator, Passwords, Tokens};
use crate::codes::ErrorCode;
use crate::error::Error;

/// Bodies of all routes but uploads.
const BODY_LIMIT: usize = 1024 * 1024;

/// Where the API listens and what it signs with.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    pub addr: SocketAddr,
    /// Signs access tokens; 32 bytes or more.
    pub signing_key: SecretString,
    pub trusted_proxies: TrustedProxies,
    /// Largest uploaded file, in bytes.
    pub upload_limit: u64,
    /// How long an upload may send nothing.
    pub upload_silence: Duration,
}

/// 2 GiB, in MiB.
const UPLOAD_LIMIT: u64 = 2 << 10;
const UPLOAD_SILENCE_SECONDS: u64 = 60;

impl ApiConfig {
    pub fn from_env(env: &mut Env) -> Self {
        let signing_key = env.secret("VIGIE_SIGNING_KEY");
        let length = signing_key.expose_secret().len();
        if (1..32).contains(&length) {
            env.problem(format!(
                "VIGIE_SIGNING_KEY has {length} bytes; it needs 32 or more"
            ));
        }
        Self {
            addr: env.parsed_or("VIGIE_API_ADDR", SocketAddr::from(([127, 0, 0, 1], 8080))),
            signing_key,
            trusted_proxies: env.parsed_or("VIGIE_TRUSTED_PROXIES", TrustedProxies::default()),
            upload_limit: env
                .parsed_or("VIGIE_UPLOAD_LIMIT_MIB", UPLOAD_LIMIT)
                .saturating_mul(1 << 20),
            upload_silence: upload_silence(env),
        }
    }
}

fn upload_silence(env: &mut Env) -> Duration {
    let seconds = env.parsed_or("VIGIE_UPLOAD_SILENCE_SECONDS", UPLOAD_SILENCE_SECONDS);
    if seconds == 0 {
        env.problem("VIGIE_UPLOAD_SILENCE_SECONDS is at least 1");
    }
    Duration::from_secs(seconds)
}

/// What all handlers share. Cloning it is cheap.
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
    /// Starts what batches requests; needs a Tokio runtime.
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

    /// Bytes of the largest file that is taken in.
    pub(crate) fn upload_limit(&self) -> u64 {
        self.0.upload_limit
    }

    /// After how long without a byte an upload counts as broken off.
    pub(crate) fn upload_silence(&self) -> Duration {
        self.0.upload_silence
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.0.services.keyring
    }

    pub(crate) fn providers(&self) -> &Providers {
        &self.0.services.providers
    }

    /// Where people reach this API, without a trailing slash.
    pub(crate) fn public_url(&self) -> &str {
        &self.0.services.public_url
    }

    pub(crate) fn redis(&self) -> &RedisConfig {
        &self.0.redis
    }

    /// The job types that `POST /jobs` knows.
    pub(crate) fn registry(&self) -> &::jobs::Registry {
        &self.0.registry
    }

    /// Enqueues jobs that come without other writes, many in one commit.
    pub(crate) fn enqueuer(&self) -> &Enqueuer {
        &self.0.enqueuer
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    pub(crate) fn authenticator(&self) -> &Authenticator {
        &self.0.authenticator
    }

    /// Whose word on where a request comes from is taken.
    pub(crate) fn trusted_proxies(&self) -> &TrustedProxies {
        &self.0.trusted_proxies
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }
}

/// Every route, with the layers that all requests go through.
pub fn router(app: App) -> Router {
    let timed = Router::new()
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
        .layer(from_fn(shell::limit_time));
    Router::new()
        .nest("/api/v1", timed.merge(imports::uploads()))
        .merge(ops::health())
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(shell::observe))
        .with_state(app)
}

/// Serves until `stop`, then lets open requests finish.
///
/// # Errors
/// The listener broke.
pub async fn serve(
    app: App,
    listener: TcpListener,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let listener = listener.tap_io(|connection| {
        if let Err(cause) = connection.set_nodelay(true) {
            tracing::debug!(%cause, "a connection keeps Nagle's delay");
        }
    });
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await
}

async fn no_route() -> Error {
    Error::new(ErrorCode::NotFound, "no such route")
}

async fn no_method() -> Error {
    Error::new(ErrorCode::MethodNotAllowed, "this route has no such method")
}
