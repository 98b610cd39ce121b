//! Products.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::catalog::{
    self, CategoryId, NewProduct, Product, ProductChanges, ProductFilter, ProductId, ProductStatus,
    SupplierId,
};
use domain::identity::{self, Role};
use serde::Deserialize;
use serde_json::json;

use super::versioned;
use crate::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::extract::{IfMatch, Json, Path, Query};
use crate::idempotency::{Keyed, Outcome};
use crate::pagination::{List, Page};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    q: Option<String>,
    #[serde(default)]
    status: ProductStatus,
    category_id: Option<CategoryId>,
    supplier_id: Option<SupplierId>,
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(filter): Query<Filter>,
    page: Page,
) -> Result<axum::Json<List<Product>>> {
    let filter = ProductFilter {
        q: filter.q,
        status: filter.status,
        category_id: filter.category_id,
        supplier_id: filter.supplier_id,
    };
    let mut tx = caller.begin(&app).await?;
    let rows = catalog::list_products(&mut tx, caller.company, &filter, page.after()?, page.rows())
        .await?;
    Ok(axum::Json(List::cut(rows, &page, |product| product.id)))
}

pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Keyed { value: new, key }: Keyed<NewProduct>,
) -> Result<Response> {
    caller.require(Role::Manager)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let company = identity::companies::require_company(&mut tx, caller.company).await?;
            let product =
                catalog::create_product(&mut tx, company.id, &company.currency, new, caller.now)
                    .await?;
            caller
                .audit(
                    &mut tx,
                    "catalog.create_product",
                    ("product", Some(product.id.0)),
                    json!({}),
                )
                .await?;
            key.settle(
                &mut tx,
                &caller,
                Outcome::created(format!("/api/v1/products/{}", product.id), product.id.0),
            )
            .await?
        }
    };
    let product = catalog::find_product(&mut tx, caller.company, outcome.id()?).await?;
    tx.commit().await?;
    Ok(outcome.respond(&product))
}

pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ProductId>,
) -> Result<Response> {
    let mut tx = caller.begin(&app).await?;
    let product = catalog::find_product(&mut tx, caller.company, id).await?;
    Ok(versioned(product.version, &product))
}

pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ProductId>,
    IfMatch(version): IfMatch,
    Json(changes): Json<ProductChanges>,
) -> Result<Response> {
    let product = update(&app, &caller, id, changes, version).await?;
    Ok(versioned(product.version, &product))
}

pub(crate) async fn archive(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ProductId>,
    IfMatch(version): IfMatch,
) -> Result<StatusCode> {
    let changes = ProductChanges {
        archived: Some(true),
        ..ProductChanges::default()
    };
    update(&app, &caller, id, changes, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn update(
    app: &App,
    caller: &Caller,
    id: ProductId,
    changes: ProductChanges,
    version: Option<i32>,
) -> Result<Product> {
    caller.require(Role::Manager)?;
    let mut tx = caller.begin(app).await?;
    let product =
        catalog::update_product(&mut tx, caller.company, id, changes, version, caller.now).await?;
    let details = json!({"version": product.version, "archived": product.archived_at.is_some()});
    caller
        .audit(
            &mut tx,
            "catalog.change_product",
            ("product", Some(id.0)),
            details,
        )
        .await?;
    tx.commit().await?;
    Ok(product)
}
