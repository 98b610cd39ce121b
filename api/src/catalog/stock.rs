//! Movements, the ledger, and the stock level of a product.

use ::jobs::events::{Event, reactions_to};
use axum::extract::State;
use axum::response::Response;
use domain::catalog::{
    self, CreateMovement, FactPosition, LedgerEntry, MovementKind, ProductId, Stock,
};
use platform::db::Tx;
use serde::Deserialize;

use super::facts::{respond_in_kind, strip_index};
use crate::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::extract::{OneOrMany, Path, Query};
use crate::idempotency::{Keyed, Outcome};
use crate::pagination::{List, Page};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LedgerQuery {
    product_id: Option<ProductId>,
}

/// Lists movements and sale lines, the latest day first and on it the latest entered.
pub(super) async fn list_ledger(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<LedgerQuery>,
    page: Page,
) -> Result<axum::Json<List<LedgerEntry>>> {
    let (product, before) = (query.product_id, page.decode_cursor()?);
    let mut tx = caller.begin(&app).await?;
    let rows =
        catalog::list_ledger(&mut tx, caller.company, product, before, page.row_limit()).await?;
    let position = |entry: &LedgerEntry| FactPosition {
        day: entry.day,
        id: entry.id,
    };
    Ok(axum::Json(List::from_rows(rows, &page, position)))
}

/// Records one movement or up to 1,000, all or none.
pub(super) async fn record_movements(
    State(app): State<App>,
    caller: Caller,
    Keyed { body, key }: Keyed<OneOrMany<CreateMovement>>,
) -> Result<Response> {
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            insert_movements(tx, &caller, &body).await
        })
        .await?;
    let ids = settled.outcome.recorded_ids()?;
    let entries = catalog::find_movements(&mut settled.tx, caller.company, &ids).await?;
    respond_in_kind(settled, entries, body.is_single).await
}

async fn insert_movements(
    tx: &mut Tx,
    caller: &Caller,
    body: &OneOrMany<CreateMovement>,
) -> Result<Outcome> {
    let recorded = catalog::record_movements(tx, caller.company, &body.items, caller.now)
        .await
        .map_err(|error| strip_index(error, body.is_single))?;
    if recorded.created > 0 {
        let returns = |movement: &CreateMovement| movement.kind == MovementKind::Return;
        let event = if body.items.iter().any(returns) {
            Event::GoodsReturned
        } else {
            Event::StockMoved
        };
        tx.enqueue_all(reactions_to(caller.company, event)).await?;
    }
    let ids: Vec<_> = recorded.items.iter().map(|entry| entry.id).collect();
    Ok(Outcome::recorded(recorded.created, &ids, recorded.batch))
}

/// Shows the level by site and in total, and since when, or that it is unknown.
pub(super) async fn show_stock(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ProductId>,
) -> Result<axum::Json<Stock>> {
    let mut tx = caller.begin(&app).await?;
    let stock = catalog::find_stock(&mut tx, caller.company, id).await?;
    Ok(axum::Json(stock))
}
