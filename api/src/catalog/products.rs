//! Products.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::catalog::{
    self, CategoryId, CreateProduct, Product, ProductChanges, ProductFilter, ProductId,
    ProductStatus, SupplierId,
};
use domain::identity;
use domain::identity::companies::Company;
use platform::db::Tx;
use serde::Deserialize;
use serde_json::json;

use crate::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::extract::{IfMatch, Json, Path, Query, respond_versioned};
use crate::idempotency::{Keyed, Outcome};
use crate::pagination::{List, Page};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductQuery {
    q: Option<String>,
    #[serde(default)]
    status: ProductStatus,
    category_id: Option<CategoryId>,
    supplier_id: Option<SupplierId>,
}

pub(super) async fn list_products(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ProductQuery>,
    page: Page,
) -> Result<axum::Json<List<Product>>> {
    let filter = ProductFilter {
        q: query.q,
        status: query.status,
        category_id: query.category_id,
        supplier_id: query.supplier_id,
    };
    let after = page.decode_cursor()?;
    let mut tx = caller.begin(&app).await?;
    let rows =
        catalog::list_products(&mut tx, caller.company, &filter, after, page.row_limit()).await?;
    Ok(axum::Json(List::from_rows(rows, &page, |product| {
        product.id
    })))
}

pub(super) async fn create_product(
    State(app): State<App>,
    caller: Caller,
    Keyed { body, key }: Keyed<CreateProduct>,
) -> Result<Response> {
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            insert_product(tx, &caller, body).await
        })
        .await?;
    let id = settled.outcome.id()?;
    let product = catalog::require_product(&mut settled.tx, caller.company, id).await?;
    settled.respond(&product).await
}

async fn insert_product(tx: &mut Tx, caller: &Caller, new: CreateProduct) -> Result<Outcome> {
    let Company { id, currency, .. } =
        identity::companies::require_company(tx, caller.company).await?;
    let product = catalog::create_product(tx, id, &currency, new, caller.now).await?;
    let subject = ("product", product.id);
    caller
        .record_act(tx, "catalog.create_product", subject, json!({}))
        .await?;
    Ok(Outcome::created("products", product.id))
}

pub(super) async fn show_product(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ProductId>,
) -> Result<Response> {
    let mut tx = caller.begin(&app).await?;
    let product = catalog::require_product(&mut tx, caller.company, id).await?;
    Ok(respond_versioned(product.version, &product))
}

pub(super) async fn update_product(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ProductId>,
    IfMatch(version): IfMatch,
    Json(changes): Json<ProductChanges>,
) -> Result<Response> {
    let product = apply_changes(&app, &caller, id, changes, version).await?;
    Ok(respond_versioned(product.version, &product))
}

pub(super) async fn archive_product(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ProductId>,
    IfMatch(version): IfMatch,
) -> Result<StatusCode> {
    let changes = ProductChanges {
        archived: Some(Some(true)),
        ..ProductChanges::default()
    };
    apply_changes(&app, &caller, id, changes, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn apply_changes(
    app: &App,
    caller: &Caller,
    id: ProductId,
    changes: ProductChanges,
    version: Option<i32>,
) -> Result<Product> {
    let mut tx = caller.begin(app).await?;
    let product =
        catalog::update_product(&mut tx, caller.company, id, changes, version, caller.now).await?;
    let details = json!({"version": product.version, "archived": product.archived_at.is_some()});
    caller
        .record_act(&mut tx, "catalog.change_product", ("product", id), details)
        .await?;
    tx.commit().await?;
    Ok(product)
}
