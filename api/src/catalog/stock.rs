//! Movements, the ledger, and the level of a product.

use ::jobs::events::{Event, reactions_to};
use axum::extract::State;
use axum::response::Response;
use domain::catalog::{self, LedgerEntry, NewMovement, ProductId, Stock};
use domain::identity::Role;
use serde::Deserialize;

use super::{ids_of, recorded, respond, unindexed};
use crate::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::extract::{OneOrMany, Path, Query};
use crate::idempotency::Keyed;
use crate::pagination::{List, Page};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    product_id: Option<ProductId>,
}

/// Movements and sale lines, latest entered first.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(filter): Query<Filter>,
    page: Page,
) -> Result<axum::Json<List<LedgerEntry>>> {
    let mut tx = caller.begin(&app).await?;
    let rows = catalog::list_ledger(
        &mut tx,
        caller.company,
        filter.product_id,
        page.after()?,
        page.rows(),
    )
    .await?;
    Ok(axum::Json(List::cut(rows, &page, |entry| entry.id)))
}

/// Records one movement or up to 1,000, all or none.
pub(crate) async fn record(
    State(app): State<App>,
    caller: Caller,
    Keyed {
        value: movements,
        key,
    }: Keyed<OneOrMany<NewMovement>>,
) -> Result<Response> {
    caller.require(Role::Member)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let done =
                catalog::record_movements(&mut tx, caller.company, &movements.items, caller.now)
                    .await
                    .map_err(|error| unindexed(error, movements.one))?;
            if done.created > 0 {
                tx.enqueue_all(reactions_to(caller.company, Event::StockMoved))
                    .await?;
            }
            let ids: Vec<_> = done.items.iter().map(|entry| entry.id).collect();
            let outcome = recorded(done.created, &ids);
            key.settle(&mut tx, &caller, outcome).await?
        }
    };
    let items = catalog::find_movements(&mut tx, caller.company, &ids_of(&outcome)?).await?;
    tx.commit().await?;
    Ok(respond(&outcome, items, movements.one))
}

/// The level by site and in sum, since when, or unknown.
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ProductId>,
) -> Result<axum::Json<Stock>> {
    let mut tx = caller.begin(&app).await?;
    Ok(axum::Json(
        catalog::find_stock(&mut tx, caller.company, id).await?,
    ))
}
