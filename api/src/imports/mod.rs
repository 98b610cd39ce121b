//! Routes of imports: upload, progress, questions and row errors.

mod errors;
mod form;
mod pending_file;
mod preview;
mod revert;
mod upload;

use ::jobs::catalog::{EndImport, ImportFile};
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::catalog::import::{self, Import, ImportId, Options};
use domain::identity::Language;
use platform::db::Tx;
use platform::ids::JobId;
use platform::queue::control::{self, Cancelled};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::pending_file::delete_file;
use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::{Path, parse_json};
use crate::idempotency::{Key, Keyed, Outcome, Settled};
use crate::pagination::{List, Page};

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/imports", get(list_imports))
        .route("/imports/{id}", get(get_import))
        .route("/imports/{id}/resume", post(resume_import))
        .route("/imports/{id}/cancel", post(cancel_import))
        .route(
            "/imports/{id}/revert",
            get(revert::preview_revert).post(revert::revert_import),
        )
}

/// Returns the routes of uploads and downloads of any length. They have neither the timeout nor the
/// body limit of other routes.
pub(crate) fn streaming_routes() -> Router<App> {
    Router::new()
        .route("/imports", post(upload::create_import))
        .route("/imports/preview", post(preview::preview_import))
        .route("/imports/{id}/errors", get(errors::list_errors))
        .layer(DefaultBodyLimit::disable())
}

/// The response to a request that starts work on an import.
#[derive(Debug, Serialize)]
pub(crate) struct ImportAccepted {
    import: Import,
    job: AcceptedJob,
}

#[derive(Debug, Serialize)]
pub(crate) struct AcceptedJob {
    id: JobId,
    state: AcceptedState,
}

/// The state of an import's job, by the state of the import.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum AcceptedState {
    Queued,
    Running,
    Succeeded,
}

impl From<import::State> for AcceptedState {
    fn from(state: import::State) -> Self {
        use import::State::{
            Cancelled, Checking, Failed, Loading, NeedsInput, Received, Reverted, Succeeded,
        };
        match state {
            Received => Self::Queued,
            Checking | NeedsInput | Loading => Self::Running,
            Succeeded | Failed | Cancelled | Reverted => Self::Succeeded,
        }
    }
}

async fn list_imports(
    State(app): State<App>,
    caller: Caller,
    page: Page,
) -> Result<Json<List<Import>>> {
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

async fn get_import(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ImportId>,
) -> Result<Json<Import>> {
    let mut tx = caller.begin(&app).await?;
    Ok(Json(
        import::require_import(&mut tx, caller.company, id).await?,
    ))
}

/// The replies to an import's questions, which override the options of the upload.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResumeImport {
    options: Map<String, Value>,
}

async fn resume_import(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ImportId>,
    Keyed { body, key }: Keyed<ResumeImport>,
) -> Result<Response> {
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            let import = import::require_import(tx, caller.company, id).await?;
            let options = override_options(&import.options.0, body.options)?;
            import::answer_questions(tx, caller.company, id, &options).await?;
            start_import(tx, &caller, id).await
        })
        .await?;
    let body = describe_accepted(&mut settled, &caller).await?;
    settled.respond(&body).await
}

async fn cancel_import(
    State(app): State<App>,
    caller: Caller,
    key: Key,
    Path(id): Path<ImportId>,
) -> Result<Response> {
    let mut leftover = Leftover::Kept;
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            leftover = stop_import(tx, &caller, id).await?;
            Ok(Outcome::updated(id))
        })
        .await?;
    let id = settled.outcome.id()?;
    let import = import::require_import(&mut settled.tx, caller.company, id).await?;
    let response = settled.respond(&import).await?;
    if leftover == Leftover::Unused {
        delete_file(&app, caller.company, id).await;
    }
    Ok(response)
}

/// The file of a cancelled import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leftover {
    /// Until `catalog.sweep_files` deletes it: rows of it are in the catalog, or a job reads it.
    Kept,
    /// Its place is free.
    Unused,
}

async fn stop_import(tx: &mut Tx, caller: &Caller, id: ImportId) -> Result<Leftover> {
    import::cancel_import(tx, caller.company, id, caller.now).await?;
    let import = import::require_import(tx, caller.company, id).await?;
    let has_written = import.rows_imported + import.rows_updated > 0;
    let stopped = match import.job_id {
        Some(job) => control::cancel_job(tx, job, "the import was cancelled").await?,
        None => Cancelled::NotFound,
    };
    // The job would have settled what was committed, and now never starts.
    if stopped == Cancelled::Stopped && has_written {
        let end = EndImport { import_id: id };
        tx.enqueue(::jobs::company_job(caller.company, &end).by(caller.user))
            .await?;
    }
    caller
        .record_act(tx, "catalog.cancel_import", ("import", id), json!({}))
        .await?;
    if has_written || stopped == Cancelled::Requested {
        return Ok(Leftover::Kept);
    }
    import::release_file(tx, caller.company, id).await?;
    Ok(Leftover::Unused)
}

/// Enqueues the job of an import in the caller's transaction.
async fn start_import(tx: &mut Tx, caller: &Caller, id: ImportId) -> Result<Outcome> {
    let job = tx
        .enqueue(::jobs::company_job(
            caller.company,
            &ImportFile { import_id: id },
        ))
        .await?
        .id();
    import::assign_job(tx, caller.company, id, job).await?;
    let location = format!("/api/v1/imports/{id}");
    Ok(Outcome::accepted(
        location,
        json!({ "import": id, "job": job }),
    ))
}

async fn describe_accepted(settled: &mut Settled, caller: &Caller) -> Result<ImportAccepted> {
    let id = settled.outcome.id_named("import")?;
    let import = import::require_import(&mut settled.tx, caller.company, id).await?;
    let state = import.state.into();
    Ok(ImportAccepted {
        import,
        job: AcceptedJob {
            id: settled.outcome.id_named("job")?,
            state,
        },
    })
}

fn override_options(options: &Options, answers: Map<String, Value>) -> Result<Options> {
    let Value::Object(mut all) = serde_json::to_value(options).map_err(Error::internal)? else {
        return Err(Error::internal("options are an object"));
    };
    all.extend(answers);
    parse_options(Value::Object(all).to_string().as_bytes())
}

/// Parses and validates the options of a form; an error names the option.
fn parse_options(text: &[u8]) -> Result<Options> {
    let options: Options = parse_json(text)?;
    options.validate()?;
    Ok(options)
}

/// Returns the response to a file that is rejected as a whole.
fn file_rejected(cause: &import::FileError, language: Language) -> Error {
    let reason = cause.reason.render(language);
    if cause.code == "file_too_large" {
        return Error::new(ErrorCode::BodyTooLarge, reason);
    }
    Error::invalid_field("file", cause.code, reason)
}
