//! Looking at jobs: the list, one job, what happened to it.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use platform::ids::JobId;
use platform::queue::view::{self, JobFilter, JobView, TimelineEntry};
use platform::queue::{JobState, QueueCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::no_job;
use crate::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::extract::{Path, Query};
use crate::pagination::{List, Page};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JobQuery {
    state: Option<JobState>,
    kind: Option<String>,
    since: Option<DateTime<Utc>>,
    q: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct JobResponse {
    id: JobId,
    kind: String,
    state: JobState,
    queue: QueueCode,
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

impl From<JobView> for JobResponse {
    fn from(job: JobView) -> Self {
        Self {
            id: job.id,
            kind: job.kind,
            state: job.state,
            queue: job.queue,
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

pub(super) async fn list_jobs(
    State(app): State<App>,
    caller: Caller,
    page: Page,
    Query(query): Query<JobQuery>,
) -> Result<Json<List<JobResponse>>> {
    let filter = JobFilter {
        state: query.state,
        kind: query.kind,
        since: query.since,
        q: query.q,
        before: page.decode_cursor::<JobId>()?,
        limit: page.row_limit(),
    };
    let mut tx = caller.begin(&app).await?;
    let jobs = view::list_jobs(&mut tx, &filter).await?;
    let list = List::from_rows(jobs, &page, |job| job.id);
    Ok(Json(list.map_items(JobResponse::from)))
}

pub(super) async fn show_job(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<JobId>,
) -> Result<Json<JobResponse>> {
    let mut tx = caller.begin(&app).await?;
    let job = view::find_job(&mut tx, id).await?.ok_or_else(no_job)?;
    Ok(Json(job.into()))
}

pub(super) async fn show_timeline(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<JobId>,
) -> Result<Json<List<TimelineEntry>>> {
    let mut tx = caller.begin(&app).await?;
    view::find_job(&mut tx, id).await?.ok_or_else(no_job)?;
    Ok(Json(List::complete(
        view::load_timeline(&mut tx, id).await?,
    )))
}
