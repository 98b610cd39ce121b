//! Facts that one call recorded, and taking them back.

use ::jobs::events::{Event, reactions_to};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::catalog::import::require_no_merge;
use domain::catalog::{self, Batch, BatchEffect, BatchId, BatchKind};
use platform::db::Tx;
use serde_json::json;

use crate::App;
use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::extract::Path;
use crate::idempotency::{Key, Outcome};
use crate::pagination::{List, Page};

/// Lists calls that recorded several sales or movements, the latest first.
pub(super) async fn list_batches(
    State(app): State<App>,
    caller: Caller,
    page: Page,
) -> Result<Json<List<Batch>>> {
    let after = page.decode_cursor()?;
    let mut tx = caller.begin(&app).await?;
    let rows = catalog::list_batches(&mut tx, caller.company, after, page.row_limit()).await?;
    let position = |batch: &Batch| (batch.created_at, batch.id);
    Ok(Json(List::from_rows(rows, &page, position)))
}

pub(super) async fn show_batch(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<BatchId>,
) -> Result<Json<Batch>> {
    let mut tx = caller.begin(&app).await?;
    Ok(Json(
        catalog::require_batch(&mut tx, caller.company, id).await?,
    ))
}

/// `GET /batches/{id}/revert`: what taking it back would do, by doing it without a commit.
pub(super) async fn preview_revert(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<BatchId>,
) -> Result<Json<BatchEffect>> {
    let mut tx = caller.begin(&app).await?;
    require_no_merge(&mut tx, caller.company).await?;
    let effect = catalog::revert_batch(&mut tx, caller.company, id, caller.now).await?;
    Ok(Json(effect))
}

/// `POST /batches/{id}/revert`: takes it back.
pub(super) async fn revert_batch(
    State(app): State<App>,
    caller: Caller,
    key: Key,
    Path(id): Path<BatchId>,
) -> Result<Response> {
    let settled = key
        .run_once(&app, &caller, async |tx| take_back(tx, &caller, id).await)
        .await?;
    settled.respond_completed().await
}

async fn take_back(tx: &mut Tx, caller: &Caller, id: BatchId) -> Result<Outcome> {
    require_no_merge(tx, caller.company).await?;
    let effect = catalog::revert_batch(tx, caller.company, id, caller.now).await?;
    let batch = catalog::require_batch(tx, caller.company, id).await?;
    let facts = json!({ "facts": effect.facts_deleted });
    caller
        .record_act(tx, "catalog.revert_batch", ("batch", id), facts)
        .await?;
    let event = match batch.kind {
        BatchKind::Sales => Event::SalesRecorded,
        BatchKind::Movements => Event::StockMoved,
    };
    tx.enqueue_all(reactions_to(caller.company, event)).await?;
    let body = serde_json::to_value(&effect).map_err(Error::internal)?;
    Ok(Outcome::completed(body))
}
