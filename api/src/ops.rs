//! Health, the queues as operators see them, and who did what as admins see it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use domain::identity::audit::AuditEntry;
use domain::identity::{self as people, Role};
use platform::db::Scope;
use platform::ids::Uuid;
use platform::probes::{self, Probe};
use platform::queue::{Queue, view};
use serde::Serialize;
use serde_json::{Value, json};

use crate::App;
use crate::auth::{Caller, OperatorCaller};
use crate::error::Result;
use crate::pagination::{List, Page};

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/audit-log", get(list_audit))
        .route("/queues", get(list_queues))
}

/// Outside of the versioned base: what orchestrators ask.
pub(crate) fn health() -> Router<App> {
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
}

/// The process runs and answers; says nothing of what it depends on.
async fn live() -> (StatusCode, Json<Value>) {
    (StatusCode::OK, Json(json!({"status": "live"})))
}

#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    /// `sandbox` or `live`.
    providers: &'static str,
    checks: Vec<Probe>,
}

/// Whether this process can do its work now: 503 while it can't, with what is missing.
async fn ready(State(app): State<App>) -> (StatusCode, Json<Readiness>) {
    let redis = match app.redis().client() {
        Ok(client) => platform::redis::connect(&client).await,
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
        Json(Readiness {
            ready,
            providers: app.providers().mode.as_str(),
            checks,
        }),
    )
}

async fn list_audit(
    State(app): State<App>,
    caller: Caller,
    page: Page,
) -> Result<Json<List<AuditEntry>>> {
    caller.require(Role::Admin)?;
    let mut tx = caller.begin(&app).await?;
    let rows = people::audit::list_audit_entries(
        &mut tx,
        caller.company,
        page.after::<Uuid>()?,
        page.rows(),
    )
    .await?;
    Ok(Json(List::cut(rows, &page, |entry| entry.id)))
}

#[derive(Debug, Serialize)]
struct QueueBody {
    name: Queue,
    due: i64,
    running: i64,
    oldest_seconds: f64,
}

/// All companies together, so for operators only.
async fn list_queues(
    State(app): State<App>,
    operator: OperatorCaller,
) -> Result<Json<List<QueueBody>>> {
    let mut tx = app.db().begin(Scope::anonymous()).await?;
    operator
        .audit(&mut tx, None, "ops.list_queues", ("queue", None), json!({}))
        .await?;
    tx.commit().await?;
    let depths = view::load_queue_depths(app.db().engine()).await?;
    let items = depths.into_iter().map(|depth| QueueBody {
        name: depth.queue,
        due: depth.due,
        running: depth.running,
        oldest_seconds: depth.oldest_seconds,
    });
    Ok(Json(List::whole(items.collect())))
}
