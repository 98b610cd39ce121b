//! The HTTP process: one module per area with its routes, its request and response types and its
//! handlers. All areas share [`App`], the router, and the layers of `middleware`.
//!
//! * `extract` reads requests, `auth` authenticates callers, `pagination` cuts lists into pages.
//! * `idempotency` runs an effect once per `Idempotency-Key`.
//! * `error` and `codes` are what handlers return, `problem` is the body of an error.

mod app;
mod auth;
mod codes;
mod config;
mod error;
mod extract;
#[cfg(fuzzing)]
pub mod fuzzing;
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

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use crate::app::App;
pub use crate::auth::{SigningKeys, TrustedProxies};
use crate::codes::ErrorCode;
pub use crate::config::ApiConfig;
use crate::error::Error;

/// For all routes except uploads.
const MAX_BODY_BYTES: usize = 1024 * 1024;

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
        .layer(from_fn_with_state(
            middleware::TIME_LIMIT,
            middleware::limit_time,
        ));
    Router::new()
        .nest("/api/v1", time_limited.merge(imports::streaming_routes()))
        .merge(ops::health_router())
        .fallback(route_not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(middleware::observe_request))
        .with_state(app)
}

/// Serves until `stop`, then lets open requests finish.
pub async fn serve_api(
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
