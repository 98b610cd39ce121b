//! Categories, suppliers and sites: the things that products and stock refer to. One implementation
//! serves the routes of all three.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::catalog::{self, Reference};
use platform::db::Tx;
use serde_json::json;

use crate::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::extract::{IfMatch, Json, Path, respond_versioned};
use crate::idempotency::{Keyed, Outcome};
use crate::pagination::{List, Page};

pub(super) async fn list_references<R: Reference>(
    State(app): State<App>,
    caller: Caller,
    page: Page,
) -> Result<axum::Json<List<R>>> {
    let mut tx = caller.begin(&app).await?;
    let after = page.decode_cursor()?;
    let rows =
        catalog::list_references::<R>(&mut tx, caller.company, after, page.row_limit()).await?;
    Ok(axum::Json(List::from_rows(rows, &page, R::id)))
}

pub(super) async fn create_reference<R: Reference>(
    State(app): State<App>,
    caller: Caller,
    Keyed { body, key }: Keyed<R::New>,
) -> Result<Response> {
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            insert_reference::<R>(tx, &caller, body).await
        })
        .await?;
    let id = settled.outcome.id()?;
    let reference = catalog::require_reference::<R>(&mut settled.tx, caller.company, id).await?;
    settled.respond(&reference).await
}

async fn insert_reference<R: Reference>(
    tx: &mut Tx,
    caller: &Caller,
    new: R::New,
) -> Result<Outcome> {
    let reference = catalog::create_reference::<R>(tx, caller.company, new, caller.now).await?;
    let id = reference.id();
    let action = format!("catalog.create_{}", R::NOUN);
    caller
        .record_act(tx, &action, (R::NOUN, id), json!({}))
        .await?;
    Ok(Outcome::created(R::PLURAL, id))
}

pub(super) async fn show_reference<R: Reference>(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<R::Id>,
) -> Result<Response> {
    let mut tx = caller.begin(&app).await?;
    let reference = catalog::require_reference::<R>(&mut tx, caller.company, id).await?;
    Ok(respond_versioned(reference.version(), &reference))
}

pub(super) async fn update_reference<R: Reference>(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<R::Id>,
    IfMatch(version): IfMatch,
    Json(changes): Json<R::Changes>,
) -> Result<Response> {
    let reference = apply_changes::<R>(&app, &caller, id, changes, version).await?;
    Ok(respond_versioned(reference.version(), &reference))
}

pub(super) async fn archive_reference<R: Reference>(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<R::Id>,
    IfMatch(version): IfMatch,
) -> Result<StatusCode> {
    apply_changes::<R>(&app, &caller, id, R::archiving(), version).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn apply_changes<R: Reference>(
    app: &App,
    caller: &Caller,
    id: R::Id,
    changes: R::Changes,
    version: Option<i32>,
) -> Result<R> {
    let mut tx = caller.begin(app).await?;
    let reference =
        catalog::update_reference::<R>(&mut tx, caller.company, id, changes, version, caller.now)
            .await?;
    let action = format!("catalog.change_{}", R::NOUN);
    let details = json!({"version": reference.version(), "archived": reference.is_archived()});
    caller
        .record_act(&mut tx, &action, (R::NOUN, reference.id()), details)
        .await?;
    tx.commit().await?;
    Ok(reference)
}
