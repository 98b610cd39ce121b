//! Routes of imports: a file comes in, its fate is polled, its refused rows go out.

mod errors;
mod preview;
mod upload;

use ::jobs::catalog::{CloseImport, ImportFile};
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::catalog::import::{self, Import, ImportId, Options};
use domain::identity::Role;
use platform::db::Tx;
use platform::ids::JobId;
use platform::queue::control::{self, Cancelled};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::{Path, parse_json};
use crate::idempotency::{Key, Keyed, Outcome, Settled};
use crate::pagination::{List, Page};

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/imports", get(list))
        .route("/imports/{id}", get(show))
        .route("/imports/{id}/resume", post(resume))
        .route("/imports/{id}/cancel", post(cancel))
}

/// Uploads: without the time limit and the body limit of other routes. Downloads of any length too.
pub(crate) fn uploads() -> Router<App> {
    Router::new()
        .route("/imports", post(upload::create))
        .route("/imports/preview", post(preview::preview))
        .route("/imports/{id}/errors", get(errors::list))
        .layer(DefaultBodyLimit::disable())
}

/// The answer to whatever starts work on an import.
#[derive(Debug, Serialize)]
pub(crate) struct Accepted {
    import: Import,
    job: Job,
}

#[derive(Debug, Serialize)]
pub(crate) struct Job {
    id: JobId,
    state: &'static str,
}

async fn list(State(app): State<App>, caller: Caller, page: Page) -> Result<Json<List<Import>>> {
    let mut tx = caller.begin(&app).await?;
    let rows = import::list_imports(
        &mut tx,
        caller.company,
        page.decode_cursor()?,
        page.row_limit(),
    )
    .await?;
    Ok(Json(List::from_rows(rows, &page, |import| {
        (import.created_at, import.id)
    })))
}

async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ImportId>,
) -> Result<Json<Import>> {
    let mut tx = caller.begin(&app).await?;
    Ok(Json(
        import::find_import(&mut tx, caller.company, id).await?,
    ))
}

/// The answers to an import's questions, laid over the options it came with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answers {
    options: Map<String, Value>,
}

async fn resume(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ImportId>,
    Keyed { body, key }: Keyed<Answers>,
) -> Result<Response> {
    caller.require_role(Role::Member)?;
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            let import = import::find_import(tx, caller.company, id).await?;
            let options = overlay(&import.options.0, body.options)?;
            import::answer_questions(tx, caller.company, id, &options).await?;
            start(tx, &caller, id).await
        })
        .await?;
    let body = accepted(&mut settled, &caller).await?;
    settled.respond(&body).await
}

async fn cancel(
    State(app): State<App>,
    caller: Caller,
    key: Key,
    Path(id): Path<ImportId>,
) -> Result<Response> {
    caller.require_role(Role::Member)?;
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            stop(tx, &caller, id).await?;
            Ok(Outcome::updated(id))
        })
        .await?;
    let id = settled.outcome.id()?;
    let import = import::find_import(&mut settled.tx, caller.company, id).await?;
    settled.respond(&import).await
}

async fn stop(tx: &mut Tx, caller: &Caller, id: ImportId) -> Result<()> {
    import::cancel_import(tx, caller.company, id, caller.now).await?;
    let import = import::find_import(tx, caller.company, id).await?;
    if let Some(job) = import.job_id {
        let stopped = control::cancel(tx, job, "the import was cancelled").await?;
        // Its job would have taken in what was committed, and won't start any more.
        if stopped == Cancelled::Stopped && import.rows_imported + import.rows_updated > 0 {
            tx.enqueue(::jobs::job(caller.company, &CloseImport { import_id: id }).by(caller.user))
                .await?;
        }
    }
    caller
        .record_act(tx, "catalog.cancel_import", ("import", id), json!({}))
        .await
}

/// Enqueues the job of an import, in the transaction that made it ready.
async fn start(tx: &mut Tx, caller: &Caller, id: ImportId) -> Result<Outcome> {
    let job = tx
        .enqueue(::jobs::job(caller.company, &ImportFile { import_id: id }))
        .await?
        .id();
    import::assign_job(tx, caller.company, id, job).await?;
    let location = format!("/api/v1/imports/{id}");
    Ok(Outcome::accepted(
        location,
        json!({ "import": id, "job": job }),
    ))
}

async fn accepted(settled: &mut Settled, caller: &Caller) -> Result<Accepted> {
    let id = settled.outcome.id_named("import")?;
    let import = import::find_import(&mut settled.tx, caller.company, id).await?;
    let state = if import.state == import::State::Received {
        "queued"
    } else {
        "running"
    };
    let state = if import.state.is_final() {
        "succeeded"
    } else {
        state
    };
    Ok(Accepted {
        import,
        job: Job {
            id: settled.outcome.id_named("job")?,
            state,
        },
    })
}

fn overlay(options: &Options, answers: Map<String, Value>) -> Result<Options> {
    let Value::Object(mut all) = serde_json::to_value(options).map_err(Error::internal)? else {
        return Err(Error::internal("options are an object"));
    };
    all.extend(answers);
    read_options(Value::Object(all).to_string().as_bytes())
}

/// Options as they come with a file; a wrong one is named with its place.
fn read_options(text: &[u8]) -> Result<Options> {
    let options: Options = parse_json(text)?;
    options.validate()?;
    Ok(options)
}

/// A file that can't be taken as a whole.
fn refuse_file(refusal: import::Refusal) -> Error {
    if refusal.code == "file_too_large" {
        return Error::new(ErrorCode::BodyTooLarge, refusal.message);
    }
    Error::invalid_field("file", refusal.code, refusal.message)
}
