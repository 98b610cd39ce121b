//! Taking an import back: what it would do, and doing it.

use ::jobs::catalog::RevertImport;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::catalog::import::{self, Import, ImportId, RevertEffect};
use platform::ids::JobId;
use serde::Serialize;
use serde_json::json;

use crate::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::extract::Path;
use crate::idempotency::{Key, Outcome};

/// `GET /imports/{id}/revert`: what taking it back would do. Changes nothing.
pub(super) async fn preview_revert(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ImportId>,
) -> Result<Json<RevertEffect>> {
    let mut tx = caller.begin(&app).await?;
    let import = import::lock_revertible(&mut tx, caller.company, id).await?;
    Ok(Json(
        import::preview_revert(&mut tx, caller.company, import).await?,
    ))
}

/// The response to a request to take an import back.
#[derive(Debug, Serialize)]
struct RevertAccepted {
    import: Import,
    /// The job succeeds once the import is taken back.
    job_id: JobId,
}

/// `POST /imports/{id}/revert`: enqueues the job that takes it back.
pub(super) async fn revert_import(
    State(app): State<App>,
    caller: Caller,
    key: Key,
    Path(id): Path<ImportId>,
) -> Result<Response> {
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            let import = import::lock_revertible(tx, caller.company, id).await?;
            import::require_no_obstacle(tx, caller.company, import).await?;
            let job = ::jobs::company_job(caller.company, &RevertImport { import_id: id });
            let job = tx.enqueue(job.by(caller.user)).await?.id();
            let subject = ("import", id);
            caller
                .record_act(tx, "catalog.revert_import", subject, json!({}))
                .await?;
            let location = format!("/api/v1/jobs/{job}");
            Ok(Outcome::accepted(location, json!({ "job": job })))
        })
        .await?;
    let job_id = settled.outcome.id_named("job")?;
    let import = import::require_import(&mut settled.tx, caller.company, id).await?;
    settled.respond(&RevertAccepted { import, job_id }).await
}
