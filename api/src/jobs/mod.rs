//! Jobs as callers see them: enqueue, list, follow, stop, run again.

mod control;
mod control_many;
mod enqueue;
mod view;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use platform::ids::JobId;
use serde_json::{Value, json};

use crate::App;
use crate::error::{Error, Result};
use crate::idempotency::Settled;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/jobs", post(enqueue::enqueue_job).get(view::list_jobs))
        .route("/jobs/kinds", get(enqueue::list_kinds))
        .route("/jobs/cancel", post(control_many::cancel_jobs))
        .route("/jobs/retry", post(control_many::retry_jobs))
        .route("/jobs/{id}", get(view::show_job))
        .route("/jobs/{id}/timeline", get(view::show_timeline))
        .route("/jobs/{id}/cancel", post(control::cancel_job))
        .route("/jobs/{id}/retry", post(control::retry_job))
}

/// Commits, and responds with the job that the request enqueued.
pub(crate) async fn respond_enqueued(settled: Settled) -> Result<Response> {
    let body = enqueued_body(settled.outcome.id()?);
    settled.respond(&body).await
}

fn enqueued_body(id: JobId) -> Value {
    json!({"job": {"id": id, "state": "queued"}})
}

fn no_job() -> Error {
    Error::not_found("job")
}
