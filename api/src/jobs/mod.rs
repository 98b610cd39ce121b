//! Jobs as callers see them: enqueue, list, follow, stop, run again.

mod control;
mod control_many;
mod enqueue;
mod view;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use platform::db::Tx;
use platform::ids::JobId;
use platform::queue::{NewJob, view as job_view};
use serde_json::{Value, json};

use crate::App;
use crate::error::{Error, Result};
use crate::idempotency::{Outcome, Settled};

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

/// Enqueues a job for [`respond_enqueued`].
pub(crate) async fn enqueue_for_response(tx: &mut Tx, job: NewJob) -> Result<Outcome> {
    let id = tx.enqueue(job).await?.id();
    let location = format!("/api/v1/jobs/{id}");
    Ok(Outcome::accepted(location, describe_job(tx, id).await?))
}

/// Describes an open job for [`respond_enqueued`].
pub(crate) async fn describe_job(tx: &mut Tx, id: JobId) -> Result<Value> {
    let job = job_view::find_job(tx, id).await?.ok_or_else(no_job)?;
    Ok(json!({"id": id, "state": job.state}))
}

/// Commits, and responds with the job that the request enqueued, or that held its key.
pub(crate) async fn respond_enqueued(settled: Settled) -> Result<Response> {
    let outcome = settled.commit().await?;
    outcome.respond(&json!({ "job": outcome.ids() }))
}

fn no_job() -> Error {
    Error::not_found("job")
}
