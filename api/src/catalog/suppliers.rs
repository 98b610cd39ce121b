//! Suppliers.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::catalog::{self, NewSupplier, Supplier, SupplierChanges, SupplierId};
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
) -> Result<axum::Json<List<Supplier>>> {
    let mut tx = caller.begin(&app).await?;
    let rows =
        catalog::list_references::<Supplier>(&mut tx, caller.company, page.after()?, page.rows())
            .await?;
    Ok(axum::Json(List::cut(rows, &page, |supplier| supplier.id)))
}

pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Keyed { value: new, key }: Keyed<NewSupplier>,
) -> Result<Response> {
    caller.require(Role::Manager)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let supplier =
                catalog::create_reference::<Supplier>(&mut tx, caller.company, new, caller.now)
                    .await?;
            caller
                .audit(
                    &mut tx,
                    "catalog.create_supplier",
                    ("supplier", Some(supplier.id.0)),
                    json!({}),
                )
                .await?;
            key.settle(
                &mut tx,
                &caller,
                Outcome::created(format!("/api/v1/suppliers/{}", supplier.id), supplier.id.0),
            )
            .await?
        }
    };
    let supplier =
        catalog::require_reference::<Supplier>(&mut tx, caller.company, outcome.id()?).await?;
    tx.commit().await?;
    Ok(outcome.respond(&supplier))
}

pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SupplierId>,
) -> Result<Response> {
    let mut tx = caller.begin(&app).await?;
    let supplier = catalog::require_reference::<Supplier>(&mut tx, caller.company, id).await?;
    Ok(versioned(supplier.version, &supplier))
}

pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    IfMatch(version): IfMatch,
    Json(changes): Json<SupplierChanges>,
) -> Result<Response> {
    let supplier = update(&app, &caller, id, changes, version).await?;
    Ok(versioned(supplier.version, &supplier))
}

pub(crate) async fn archive(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    IfMatch(version): IfMatch,
) -> Result<StatusCode> {
    let changes = SupplierChanges {
        archived: Some(true),
        ..SupplierChanges::default()
    };
    update(&app, &caller, id, changes, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn update(
    app: &App,
    caller: &Caller,
    id: SupplierId,
    changes: SupplierChanges,
    version: Option<i32>,
) -> Result<Supplier> {
    caller.require(Role::Manager)?;
    let mut tx = caller.begin(app).await?;
    let supplier = catalog::update_reference::<Supplier>(
        &mut tx,
        caller.company,
        id,
        changes,
        version,
        caller.now,
    )
    .await?;
    let details = json!({"version": supplier.version, "archived": supplier.archived_at.is_some()});
    caller
        .audit(
            &mut tx,
            "catalog.change_supplier",
            ("supplier", Some(id.0)),
            details,
        )
        .await?;
    tx.commit().await?;
    Ok(supplier)
}
