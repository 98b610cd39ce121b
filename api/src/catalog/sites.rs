//! Sites.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::catalog::{self, NewSite, Site, SiteChanges, SiteId};
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
) -> Result<axum::Json<List<Site>>> {
    let mut tx = caller.begin(&app).await?;
    let rows =
        catalog::list_references::<Site>(&mut tx, caller.company, page.after()?, page.rows())
            .await?;
    Ok(axum::Json(List::cut(rows, &page, |site| site.id)))
}

pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Keyed { value: new, key }: Keyed<NewSite>,
) -> Result<Response> {
    caller.require(Role::Manager)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let site =
                catalog::create_reference::<Site>(&mut tx, caller.company, new, caller.now).await?;
            caller
                .audit(
                    &mut tx,
                    "catalog.create_site",
                    ("site", Some(site.id.0)),
                    json!({}),
                )
                .await?;
            key.settle(
                &mut tx,
                &caller,
                Outcome::created(format!("/api/v1/sites/{}", site.id), site.id.0),
            )
            .await?
        }
    };
    let site = catalog::require_reference::<Site>(&mut tx, caller.company, outcome.id()?).await?;
    tx.commit().await?;
    Ok(outcome.respond(&site))
}

pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SiteId>,
) -> Result<Response> {
    let mut tx = caller.begin(&app).await?;
    let site = catalog::require_reference::<Site>(&mut tx, caller.company, id).await?;
    Ok(versioned(site.version, &site))
}

pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SiteId>,
    IfMatch(version): IfMatch,
    Json(changes): Json<SiteChanges>,
) -> Result<Response> {
    let site = update(&app, &caller, id, changes, version).await?;
    Ok(versioned(site.version, &site))
}

pub(crate) async fn archive(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SiteId>,
    IfMatch(version): IfMatch,
) -> Result<StatusCode> {
    let changes = SiteChanges {
        archived: Some(true),
        ..SiteChanges::default()
    };
    update(&app, &caller, id, changes, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn update(
    app: &App,
    caller: &Caller,
    id: SiteId,
    changes: SiteChanges,
    version: Option<i32>,
) -> Result<Site> {
    caller.require(Role::Manager)?;
    let mut tx = caller.begin(app).await?;
    let site = catalog::update_reference::<Site>(
        &mut tx,
        caller.company,
        id,
        changes,
        version,
        caller.now,
    )
    .await?;
    let details = json!({"version": site.version, "archived": site.archived_at.is_some()});
    caller
        .audit(
            &mut tx,
            "catalog.change_site",
            ("site", Some(id.0)),
            details,
        )
        .await?;
    tx.commit().await?;
    Ok(site)
}
