//! Runs of the prediction.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use domain::rupture::{self, Run, RunId, RunState};
use jobs::rupture::RunPrediction;
use platform::db::Tx;
use platform::ids::JobId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::DEFAULT_HORIZON_DAYS;
use crate::App;
use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::extract::Path;
use crate::idempotency::{Keyed, Outcome};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StartRun {
    as_of: Option<NaiveDate>,
    horizon_days: Option<u32>,
}

#[derive(Debug, Serialize)]
pub(super) struct RunResponse {
    id: RunId,
    state: RunState,
    as_of: Option<NaiveDate>,
    data_through: Option<NaiveDate>,
    horizon_days: u32,
    /// The number of products whose demand is known.
    products: Option<i32>,
    service_level: f64,
    /// False for a run as of another day, whose items are at `/predictions/ruptures?run=`.
    live: bool,
    error: Option<String>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<Run> for RunResponse {
    fn from(run: Run) -> Self {
        Self {
            id: run.id,
            state: run.state,
            as_of: run.as_of.or(run.requested_as_of),
            data_through: run.data_through,
            horizon_days: run.horizon_days,
            products: run.products,
            service_level: rupture::SERVICE_LEVEL,
            live: run.live,
            error: run.error,
            created_at: run.created_at,
            finished_at: run.finished_at,
        }
    }
}

pub(super) async fn start_run(
    State(app): State<App>,
    caller: Caller,
    Keyed { body, key }: Keyed<StartRun>,
) -> Result<Response> {
    require_past(body.as_of, caller.now)?;
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            let (id, job) = create_run(tx, &caller, &body).await?;
            let location = format!("/api/v1/predictions/runs/{id}");
            Ok(Outcome::accepted(location, json!({"id": id, "job": job})))
        })
        .await?;
    let run = rupture::require_run(&mut settled.tx, settled.outcome.id()?).await?;
    let job = json!({"id": settled.outcome.id_named::<JobId>("job")?, "state": "queued"});
    let body = json!({"run": RunResponse::from(run), "job": job});
    settled.respond(&body).await
}

fn require_past(as_of: Option<NaiveDate>, now: DateTime<Utc>) -> Result<()> {
    if as_of.is_some_and(|day| day > now.date_naive()) {
        return Err(Error::invalid_field(
            "as_of",
            "in_the_future",
            "must not be in the future",
        ));
    }
    Ok(())
}

/// Creates a run with its job.
async fn create_run(tx: &mut Tx, caller: &Caller, body: &StartRun) -> Result<(RunId, JobId)> {
    let horizon = body.horizon_days.unwrap_or(DEFAULT_HORIZON_DAYS);
    let (company, user) = (caller.company, Some(caller.user));
    let run_id = rupture::create_run(tx, company, user, body.as_of, horizon, caller.now).await?;
    let job = jobs::company_job(company, &RunPrediction { run_id }).by(caller.user);
    let job = tx.enqueue(job).await?.id();
    rupture::note_job(tx, run_id, job).await?;
    Ok((run_id, job))
}

pub(super) async fn show_run(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RunId>,
) -> Result<Json<RunResponse>> {
    let mut tx = caller.begin(&app).await?;
    let run = rupture::require_run(&mut tx, id).await?;
    Ok(Json(run.into()))
}
