//! Categories.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::catalog::{self, Category, CategoryChanges, CategoryId, NewCategory};
use domain::identity::Role;
use serde_json::json;

use super::versioned;
use crate::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::extract::{IfMatch, Json, Path};
use crate::idempotency::{Keyed, Outcome};
use crate::pagination::{List, Page};

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    page: Page,
) -> Result<axum::Json<List<Category>>> {
    let mut tx = caller.begin(&app).await?;
    let rows =
        catalog::list_references::<Category>(&mut tx, caller.company, page.after()?, page.rows())
            .await?;
    Ok(axum::Json(List::cut(rows, &page, |category| category.id)))
}

pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Keyed { value: new, key }: Keyed<NewCategory>,
) -> Result<Response> {
    caller.require(Role::Manager)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let category =
                catalog::create_reference::<Category>(&mut tx, caller.company, new, caller.now)
                    .await?;
            caller
                .audit(
                    &mut tx,
                    "catalog.create_category",
                    ("category", Some(category.id.0)),
                    json!({}),
                )
                .await?;
            key.settle(
                &mut tx,
                &caller,
                Outcome::created(format!("/api/v1/categories/{}", category.id), category.id.0),
            )
            .await?
        }
    };
    let category =
        catalog::require_reference::<Category>(&mut tx, caller.company, outcome.id()?).await?;
    tx.commit().await?;
    Ok(outcome.respond(&category))
}

pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<CategoryId>,
) -> Result<Response> {
    let mut tx = caller.begin(&app).await?;
    let category = catalog::require_reference::<Category>(&mut tx, caller.company, id).await?;
    Ok(versioned(category.version, &category))
}

pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<CategoryId>,
    IfMatch(version): IfMatch,
    Json(changes): Json<CategoryChanges>,
) -> Result<Response> {
    let category = update(&app, &caller, id, changes, version).await?;
    Ok(versioned(category.version, &category))
}

pub(crate) async fn archive(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<CategoryId>,
    IfMatch(version): IfMatch,
) -> Result<StatusCode> {
    let changes = CategoryChanges {
        archived: Some(true),
        ..CategoryChanges::default()
    };
    update(&app, &caller, id, changes, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn update(
    app: &App,
    caller: &Caller,
    id: CategoryId,
    changes: CategoryChanges,
    version: Option<i32>,
) -> Result<Category> {
    caller.require(Role::Manager)?;
    let mut tx = caller.begin(app).await?;
    let category = catalog::update_reference::<Category>(
        &mut tx,
        caller.company,
        id,
        changes,
        version,
        caller.now,
    )
    .await?;
    let details = json!({"version": category.version, "archived": category.archived_at.is_some()});
    caller
        .audit(
            &mut tx,
            "catalog.change_category",
            ("category", Some(id.0)),
            details,
        )
        .await?;
    tx.commit().await?;
    Ok(category)
}
