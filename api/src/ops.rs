//! Health, queues and senders for operators, and the audit log for admins.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use domain::identity;
use domain::identity::audit::{AuditEntry, AuditFilter};
use domain::notifications::{self, SenderPause};
use platform::db::Scope;
use platform::ids::Uuid;
use platform::probes::{self, Probe};
use platform::queue::{QueueCode, view};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::App;
use crate::auth::{Caller, OperatorCaller};
use crate::error::Result;
use crate::extract::Query;
use crate::pagination::{List, Page};

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/audit-log", get(list_audit_entries))
        .route("/queues", get(list_queues))
        .route("/senders", get(list_senders))
}

/// The probes of orchestrators, outside of the versioned base path.
pub(crate) fn health_router() -> Router<App> {
    Router::new()
        .route("/health/live", get(show_liveness))
        .route("/health/ready", get(show_readiness))
}

/// Reports that the process serves requests, whatever the state of its dependencies.
async fn show_liveness() -> (StatusCode, Json<Value>) {
    (StatusCode::OK, Json(json!({"status": "live"})))
}

#[derive(Debug, Serialize)]
struct ReadinessResponse {
    ready: bool,
    /// `sandbox` or `live`.
    providers: &'static str,
    checks: Vec<Probe>,
}

/// Reports whether this process can do its work now: 503 with the failed checks if not.
async fn show_readiness(State(app): State<App>) -> (StatusCode, Json<ReadinessResponse>) {
    let redis = match app.redis().client() {
        Ok(client) => platform::redis::open_connection(&client).await,
        Err(cause) => Err(cause),
    };
    let mut checks = probes::run_probes(app.db(), redis.as_ref().ok()).await;
    if let Err(cause) = redis {
        checks.push(Probe {
            name: "redis",
            ok: true,
            detail: format!("away, work goes on without it: {cause}"),
        });
    }
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(ReadinessResponse {
            ready,
            providers: app.providers().mode.as_str(),
            checks,
        }),
    )
}

/// Every condition that is set must hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuditQuery {
    actor_id: Option<Uuid>,
    action: Option<String>,
    subject_id: Option<Uuid>,
    request_id: Option<String>,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

async fn list_audit_entries(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<AuditQuery>,
    page: Page,
) -> Result<Json<List<AuditEntry>>> {
    let filter = AuditFilter {
        actor: query.actor_id,
        action: query.action,
        subject: query.subject_id,
        request_id: query.request_id,
        since: query.since,
        until: query.until,
        before: page.decode_cursor()?,
        limit: page.row_limit(),
    };
    let mut tx = caller.begin(&app).await?;
    let rows = identity::audit::list_audit_entries(&mut tx, caller.company, &filter).await?;
    Ok(Json(List::from_rows(rows, &page, |entry| entry.id)))
}

#[derive(Debug, Serialize)]
struct QueueResponse {
    name: QueueCode,
    due: i64,
    running: i64,
    oldest_seconds: f64,
}

/// Counts the jobs of all companies together, so it is for operators only.
async fn list_queues(
    State(app): State<App>,
    operator: OperatorCaller,
) -> Result<Json<List<QueueResponse>>> {
    let mut tx = app.db().begin(Scope::anonymous()).await?;
    operator
        .record_act(&mut tx, "ops.list_queues", "queue")
        .await?;
    tx.commit().await?;
    let depths = view::load_queue_depths(app.db().engine()).await?;
    let items = depths.into_iter().map(|depth| QueueResponse {
        name: depth.queue,
        due: depth.due,
        running: depth.running,
        oldest_seconds: depth.oldest_seconds,
    });
    Ok(Json(List::complete(items.collect())))
}

/// Lists the senders that wait because a provider limits them or rejects our credentials.
async fn list_senders(
    State(app): State<App>,
    operator: OperatorCaller,
) -> Result<Json<List<SenderPause>>> {
    let mut tx = app.db().begin(Scope::anonymous()).await?;
    operator
        .record_act(&mut tx, "ops.list_senders", "sender")
        .await?;
    let pauses = notifications::list_sender_pauses(&mut tx).await?;
    tx.commit().await?;
    Ok(Json(List::complete(pauses)))
}
