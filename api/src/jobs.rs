//! Jobs as callers see them: enqueue, list, follow, stop, run again.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use domain::identity::Role;
use platform::db::Tx;
use platform::ids::JobId;
use platform::queue::control::{self, Cancelled, Replayed};
use platform::queue::view::{self, JobFilter, JobState, JobView, TimelineEntry};
use platform::queue::{Enqueued, NewJob, Priority, Queue, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::{Path, Query};
use crate::idempotency::{Key, Keyed, Outcome};
use crate::pagination::{List, Page};

/// Larger inputs go by reference to an import.
const ARGS_LIMIT: usize = 64 * 1024;
const KEY_LIMIT: usize = 200;
/// How far from now a job's time may be.
const FARTHEST: TimeDelta = TimeDelta::days(366);

/// What may be enqueued from outside, and the least role that may.
const OPEN_KINDS: [(&str, Role); 3] =
    [("ops.ping", Role::Member), ("alerts.evaluate", Role::Manager), ("rupture.compute_demand", Role::Manager)];

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/jobs", post(enqueue).get(list))
        .route("/jobs/kinds", get(list_kinds))
        .route("/jobs/{id}", get(show))
        .route("/jobs/{id}/timeline", get(show_timeline))
        .route("/jobs/{id}/cancel", post(cancel))
        .route("/jobs/{id}/retry", post(retry))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JobRequest {
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

async fn enqueue(State(app): State<App>, caller: Caller, body: Keyed<JobRequest>) -> Result<Response> {
    let Keyed { value: request, key } = body;
    let job = accept(&app, &caller, request)?;
    if key.is_absent() {
        // Alone and without a key, it shares one commit with whoever enqueues at the same time.
        let enqueued = app.enqueuer().enqueue(job).await?;
        return Ok(accepted(enqueued.id()).into_response());
    }
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let id = tx.enqueue(job).await.map(Enqueued::id)?;
            key.settle(&mut tx, &caller, Outcome::job(id)).await?
        }
    };
    tx.commit().await?;
    Ok(outcome.respond(&enqueued_body(outcome.id()?)))
}

fn accept(app: &App, caller: &Caller, request: JobRequest) -> Result<NewJob> {
    let open = OPEN_KINDS.iter().find(|(name, _)| *name == request.kind);
    let kind = open.and_then(|(name, _)| app.registry().find(name));
    let (Some((_, least)), Some(kind)) = (open, kind) else {
        return Err(Error::invalid_field("kind", "unknown_kind", "not a kind that can be enqueued: GET /jobs/kinds"));
    };
    caller.require(*least)?;
    let args = request.args.to_string();
    if args.len() > ARGS_LIMIT {
        return Err(Error::new(ErrorCode::BodyTooLarge, "args are limited to 64 KiB"));
    }
    let mut job = kind
        .accept(Some(caller.company), &args)
        .map_err(|cause| Error::invalid_field("args", "invalid_value", cause.to_string()))?
        .with_priority(request.priority)
        .by(caller.user);
    if request.run_at.is_some_and(|at| (at - caller.now).abs() > FARTHEST) {
        return Err(Error::invalid_field("run_at", "out_of_range", "at most a year from now; what is past is due now"));
    }
    job.run_at = request.run_at;
    if let Some(unique_key) = request.unique_key {
        if job.unique != Uniqueness::None {
            return Err(Error::invalid_field("unique_key", "not_allowed", "this kind has a key of its own"));
        }
        if unique_key.is_empty() || unique_key.len() > KEY_LIMIT {
            return Err(Error::invalid_field("unique_key", "out_of_range", "1 to 200 characters"));
        }
        job.unique = Uniqueness::WhileOpen(unique_key);
    }
    Ok(job)
}

fn path_of(id: JobId) -> String {
    format!("/api/v1/jobs/{id}")
}

fn accepted(id: JobId) -> impl IntoResponse {
    (StatusCode::ACCEPTED, [(LOCATION, path_of(id))], Json(enqueued_body(id)))
}

/// How an answer names a job that was just enqueued.
pub(crate) fn enqueued_body(id: JobId) -> Value {
    json!({"job": {"id": id, "state": "queued"}})
}

#[derive(Debug, Serialize)]
struct KindBody {
    kind: &'static str,
    queue: &'static str,
    max_attempts: u16,
    timeout_seconds: u64,
}

async fn list_kinds(State(app): State<App>, caller: Caller) -> Json<List<KindBody>> {
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
    Json(List::whole(kinds))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JobQuery {
    state: Option<JobState>,
    kind: Option<String>,
    since: Option<DateTime<Utc>>,
    q: Option<String>,
}

#[derive(Debug, Serialize)]
struct JobBody {
    id: JobId,
    kind: String,
    state: String,
    queue: &'static str,
    attempt: i16,
    max_attempts: i16,
    progress: Option<Value>,
    result: Option<Box<RawValue>>,
    error: Option<String>,
    created_at: DateTime<Utc>,
    run_at: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    request_id: Option<String>,
}

impl From<JobView> for JobBody {
    fn from(job: JobView) -> Self {
        Self {
            id: job.id,
            kind: job.kind,
            state: job.state,
            queue: Queue::from_code(job.queue).map_or("unknown", Queue::name),
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            progress: job.progress,
            result: job.result.and_then(|text| RawValue::from_string(text).ok()),
            error: job.error,
            created_at: job.created_at,
            run_at: job.run_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            request_id: job.request_id,
        }
    }
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    page: Page,
    Query(query): Query<JobQuery>,
) -> Result<Json<List<JobBody>>> {
    let filter = JobFilter {
        state: query.state,
        kind: query.kind,
        since: query.since,
        q: query.q,
        before: page.after::<JobId>()?,
        limit: page.rows(),
    };
    let mut tx = caller.begin(&app).await?;
    let jobs = view::list(&mut tx, &filter).await?;
    Ok(Json(List::cut(jobs, &page, |job| job.id).map(JobBody::from)))
}

async fn show(State(app): State<App>, caller: Caller, Path(id): Path<JobId>) -> Result<Json<JobBody>> {
    let mut tx = caller.begin(&app).await?;
    let job = view::find(&mut tx, id).await?.ok_or_else(no_job)?;
    Ok(Json(job.into()))
}

async fn show_timeline(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<JobId>,
) -> Result<Json<List<TimelineEntry>>> {
    let mut tx = caller.begin(&app).await?;
    view::find(&mut tx, id).await?.ok_or_else(no_job)?;
    Ok(Json(List::whole(view::timeline(&mut tx, id).await?)))
}

async fn cancel(State(app): State<App>, caller: Caller, key: Key, Path(id): Path<JobId>) -> Result<Response> {
    caller.require(Role::Manager)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let reason = format!("cancelled by {}", caller.user);
            match control::cancel(&mut tx, id, &reason).await? {
                Cancelled::NotFound => return Err(no_job()),
                Cancelled::AlreadyOver => return Err(Error::new(ErrorCode::Conflict, "the job is over")),
                Cancelled::Stopped | Cancelled::Asked => {}
            }
            settle(&mut tx, &caller, &key, "jobs.cancel", id).await?
        }
    };
    answer(tx, &outcome).await
}

async fn retry(State(app): State<App>, caller: Caller, key: Key, Path(id): Path<JobId>) -> Result<Response> {
    caller.require(Role::Manager)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let reason = format!("asked by {}", caller.user);
            match control::replay(&mut tx, id, &reason).await? {
                Replayed::NotFound => return Err(no_job()),
                Replayed::KeyTaken => {
                    return Err(Error::new(ErrorCode::Conflict, "another open job holds its unique key"));
                }
                Replayed::NotOver => {
                    return Err(Error::new(ErrorCode::Conflict, "only dead, parked and cancelled jobs run again"));
                }
                Replayed::Waiting => tx.wake_on_commit(),
            }
            settle(&mut tx, &caller, &key, "jobs.retry", id).await?
        }
    };
    answer(tx, &outcome).await
}

/// Writes down what was done to a job, and what came of the request.
async fn settle(tx: &mut Tx, caller: &Caller, key: &Key, action: &'static str, id: JobId) -> Result<Outcome> {
    caller.audit(tx, action, ("job", Some(id.0)), json!({})).await?;
    key.settle(tx, caller, Outcome::job(id)).await
}

/// Commits, and shows the job as it is now.
async fn answer(mut tx: Tx, outcome: &Outcome) -> Result<Response> {
    let job = view::find(&mut tx, outcome.id()?).await?.ok_or_else(no_job)?;
    tx.commit().await?;
    Ok(outcome.respond(&json!({ "job": JobBody::from(job) })))
}

fn no_job() -> Error {
    Error::not_found("job")
}
