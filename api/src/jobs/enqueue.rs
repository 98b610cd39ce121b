//! Enqueueing from outside: the kinds that are open to it, and what may be asked of them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use domain::identity::Role;
use platform::ids::JobId;
use platform::queue::{NewJob, Priority, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{enqueued_body, respond_enqueued};
use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::idempotency::{Keyed, Outcome};
use crate::pagination::List;

/// Larger inputs go by reference to an import.
const ARGS_LIMIT: usize = 64 * 1024;
const KEY_LIMIT: usize = 200;
/// How far from now a job's time may be.
const FARTHEST: TimeDelta = TimeDelta::days(366);

/// What may be enqueued from outside, and the least role that may.
const OPEN_KINDS: [(&str, Role); 3] = [
    ("ops.ping", Role::Member),
    ("alerts.evaluate", Role::Manager),
    ("rupture.compute_demand", Role::Manager),
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JobRequest {
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

pub(super) async fn enqueue(
    State(app): State<App>,
    caller: Caller,
    Keyed { body, key }: Keyed<JobRequest>,
) -> Result<Response> {
    let job = accept(&app, &caller, body)?;
    if key.is_absent() {
        // Alone and without a key, it shares one commit with whoever enqueues at the same time.
        let enqueued = app.enqueuer().enqueue(job).await?;
        return Ok(accepted(enqueued.id()).into_response());
    }
    let settled = key
        .run_once(&app, &caller, async |tx| {
            Ok(Outcome::accepted_job(tx.enqueue(job).await?.id()))
        })
        .await?;
    respond_enqueued(settled).await
}

fn accept(app: &App, caller: &Caller, request: JobRequest) -> Result<NewJob> {
    let open = OPEN_KINDS.iter().find(|(name, _)| *name == request.kind);
    let kind = open.and_then(|(name, _)| app.registry().find(name));
    let (Some((_, least)), Some(kind)) = (open, kind) else {
        return Err(Error::invalid_field(
            "kind",
            "unknown_kind",
            "not a kind that can be enqueued: GET /jobs/kinds",
        ));
    };
    caller.require_role(*least)?;
    let args = request.args.to_string();
    if args.len() > ARGS_LIMIT {
        return Err(Error::new(
            ErrorCode::BodyTooLarge,
            "args are limited to 64 KiB",
        ));
    }
    let mut job = kind
        .accept(Some(caller.company), &args)
        .map_err(|cause| Error::invalid_field("args", "invalid_value", cause.to_string()))?
        .with_priority(request.priority)
        .by(caller.user);
    if request
        .run_at
        .is_some_and(|at| (at - caller.now).abs() > FARTHEST)
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
        if unique_key.is_empty() || unique_key.len() > KEY_LIMIT {
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
        Json(enqueued_body(id)),
    )
}

#[derive(Debug, Serialize)]
pub(super) struct KindBody {
    kind: &'static str,
    queue: &'static str,
    max_attempts: u16,
    timeout_seconds: u64,
}

pub(super) async fn list_kinds(State(app): State<App>, caller: Caller) -> Json<List<KindBody>> {
    let kinds = OPEN_KINDS
        .iter()
        .filter(|(_, least)| caller.role >= *least)
        .filter_map(|(name, _)| app.registry().find(name))
        .map(|kind| KindBody {
            kind: kind.name,
            queue: kind.queue.name(),
            max_attempts: kind.max_attempts,
            timeout_seconds: kind.timeout.as_secs(),
        })
        .collect();
    Json(List::complete(kinds))
}
