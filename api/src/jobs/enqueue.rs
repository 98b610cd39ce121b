//! Enqueueing by callers: the kinds that are open to them, and the limits of a job.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use domain::identity::Role;
use platform::ids::JobId;
use platform::queue::{EnqueuedBy, JobState, NewJob, Priority, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{enqueue_for_response, respond_enqueued};
use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::idempotency::Keyed;
use crate::pagination::List;

/// Larger inputs belong in an import.
const MAX_ARGS_BYTES: usize = 64 * 1024;
const MAX_UNIQUE_KEY_BYTES: usize = 200;
/// The largest distance of `run_at` from now.
const MAX_RUN_AT_DISTANCE: TimeDelta = TimeDelta::days(366);

/// Returns the least role that may enqueue, or `None` where only our own code may.
fn least_role(enqueued_by: EnqueuedBy) -> Option<Role> {
    match enqueued_by {
        EnqueuedBy::CodeOnly => None,
        EnqueuedBy::AnyWriter => Some(Role::Member),
        EnqueuedBy::Supervisors => Some(Role::Manager),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnqueueJob {
    kind: String,
    #[serde(default = "no_args")]
    args: Value,
    run_at: Option<DateTime<Utc>>,
    #[serde(default)]
    priority: Priority,
    unique_key: Option<String>,
}

fn no_args() -> Value {
    json!({})
}

pub(super) async fn enqueue_job(
    State(app): State<App>,
    caller: Caller,
    Keyed { body, key }: Keyed<EnqueueJob>,
) -> Result<Response> {
    let is_due_now = body.unique_key.is_none() && body.run_at.is_none();
    let job = accept(&app, &caller, body)?;
    if key.is_absent() && is_due_now {
        // Alone and without a key, it shares one commit with whoever enqueues at the same time.
        let enqueued = app.enqueuer().enqueue(job).await?;
        return Ok(accepted(enqueued.id()).into_response());
    }
    let settled = key
        .run_once(&app, &caller, async |tx| {
            enqueue_for_response(tx, job).await
        })
        .await?;
    respond_enqueued(settled).await
}

fn accept(app: &App, caller: &Caller, request: EnqueueJob) -> Result<NewJob> {
    let kind = app.registry().find_kind(&request.kind);
    let Some((kind, least_role)) =
        kind.and_then(|kind| Some((kind, least_role(kind.enqueued_by)?)))
    else {
        return Err(Error::invalid_field(
            "kind",
            "unknown_kind",
            "not a kind that can be enqueued: GET /jobs/kinds",
        ));
    };
    caller.require_role(least_role)?;
    let args = request.args.to_string();
    if args.len() > MAX_ARGS_BYTES {
        return Err(Error::new(
            ErrorCode::BodyTooLarge,
            "args are limited to 64 KiB",
        ));
    }
    let mut job = kind
        .accept_payload(caller.company, &args)
        .map_err(|cause| Error::invalid_field("args", "invalid_value", cause.to_string()))?
        .with_priority(request.priority)
        .by(caller.user);
    if request
        .run_at
        .is_some_and(|at| (at - caller.now).abs() > MAX_RUN_AT_DISTANCE)
    {
        return Err(Error::invalid_field(
            "run_at",
            "out_of_range",
            "at most a year from now; what is past is due now",
        ));
    }
    job.run_at = request.run_at;
    if let Some(unique_key) = request.unique_key {
        if job.unique != Uniqueness::None {
            return Err(Error::invalid_field(
                "unique_key",
                "not_allowed",
                "this kind has a key of its own",
            ));
        }
        if unique_key.is_empty() || unique_key.len() > MAX_UNIQUE_KEY_BYTES {
            return Err(Error::invalid_field(
                "unique_key",
                "out_of_range",
                "1 to 200 characters",
            ));
        }
        job.unique = Uniqueness::WhileOpen(unique_key);
    }
    Ok(job)
}

fn path_of(id: JobId) -> String {
    format!("/api/v1/jobs/{id}")
}

fn accepted(id: JobId) -> impl IntoResponse {
    (
        StatusCode::ACCEPTED,
        [(LOCATION, path_of(id))],
        Json(json!({"job": {"id": id, "state": JobState::Queued}})),
    )
}

#[derive(Debug, Serialize)]
pub(super) struct KindResponse {
    kind: &'static str,
    queue: &'static str,
    max_attempts: u16,
    timeout_seconds: u64,
}

pub(super) async fn list_kinds(State(app): State<App>, caller: Caller) -> Json<List<KindResponse>> {
    let allowed = app.registry().kinds().filter_map(|kind| {
        let least_role = least_role(kind.enqueued_by)?;
        (caller.role >= least_role).then_some((least_role, kind))
    });
    let mut kinds: Vec<_> = allowed.collect();
    kinds.sort_by_key(|(least_role, kind)| (*least_role, kind.name));
    let kinds = kinds.into_iter().map(|(_, kind)| KindResponse {
        kind: kind.name,
        queue: kind.queue.name(),
        max_attempts: kind.max_attempts,
        timeout_seconds: kind.timeout.as_secs(),
    });
    Json(List::complete(kinds.collect()))
}
