//! What people do to alerts: evaluate now, acknowledge, snooze, resolve.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::alerts::{self, AlertId};
use jobs::alerts::EvaluateAlerts;
use serde::Deserialize;

use super::alert_list::AlertResponse;
use crate::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::extract::{Json as JsonBody, Path};
use crate::idempotency::Key;
use crate::jobs::{enqueue_for_response, respond_enqueued};

/// Evaluates all rules now, as the 5-minute tick does.
pub(super) async fn evaluate_alerts(
    State(app): State<App>,
    caller: Caller,
    key: Key,
) -> Result<Response> {
    let settled = key
        .run_once(&app, &caller, async |tx| {
            let job = jobs::company_job(caller.company, &EvaluateAlerts {}).by(caller.user);
            enqueue_for_response(tx, job).await
        })
        .await?;
    respond_enqueued(settled).await
}

pub(super) async fn acknowledge_alert(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AlertId>,
) -> Result<Json<AlertResponse>> {
    let mut tx = caller.begin(&app).await?;
    alerts::acknowledge_alert(&mut tx, caller.company, id, Some(caller.user), caller.now).await?;
    let alert = AlertResponse::load(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(alert))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SnoozeAlert {
    until: DateTime<Utc>,
}

pub(super) async fn snooze_alert(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AlertId>,
    JsonBody(body): JsonBody<SnoozeAlert>,
) -> Result<Json<AlertResponse>> {
    let (company, user) = (caller.company, Some(caller.user));
    let mut tx = caller.begin(&app).await?;
    alerts::snooze_alert(&mut tx, company, id, body.until, user, caller.now).await?;
    let alert = AlertResponse::load(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(alert))
}

pub(super) async fn resolve_alert(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AlertId>,
) -> Result<Json<AlertResponse>> {
    let mut tx = caller.begin(&app).await?;
    alerts::resolve_alert(&mut tx, caller.company, id, Some(caller.user), caller.now).await?;
    let alert = AlertResponse::load(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(alert))
}
