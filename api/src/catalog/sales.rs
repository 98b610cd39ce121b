//! Sale lines.

use ::jobs::events::{Event, reactions};
use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use domain::catalog::{self, CustomerId, NewSale, ProductId, Sale, SaleFilter, SaleId, SaleStatus};
use domain::identity::{self, Role};
use serde::Deserialize;
use serde_json::json;

use super::{ids_of, recorded, respond, unindexed};
use crate::App;
use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::extract::{OneOrMany, Path, Query};
use crate::idempotency::{Key, Keyed, Outcome};
use crate::pagination::{List, Page};

/// `from` and `to` are days of the company, both included.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    product_id: Option<ProductId>,
    customer_id: Option<CustomerId>,
    status: Option<SaleStatus>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

/// Latest entered first.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(filter): Query<Filter>,
    page: Page,
) -> Result<axum::Json<List<Sale>>> {
    let filter = SaleFilter {
        product_id: filter.product_id,
        customer_id: filter.customer_id,
        status: filter.status,
        from: filter.from,
        to: filter.to,
    };
    let mut tx = caller.begin(&app).await?;
    let rows =
        catalog::list_sales(&mut tx, caller.company, &filter, page.after()?, page.rows()).await?;
    Ok(axum::Json(List::cut(rows, &page, |sale| sale.id)))
}

/// Records one sale line or up to 1,000, all or none.
pub(crate) async fn record(
    State(app): State<App>,
    caller: Caller,
    Keyed { value: sales, key }: Keyed<OneOrMany<NewSale>>,
) -> Result<Response> {
    caller.require(Role::Member)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let company = identity::companies::require_company(&mut tx, caller.company).await?;
            let zone = company.timezone.parse().map_err(Error::internal)?;
            let done = catalog::record_sales(&mut tx, company.id, zone, &sales.items, caller.now)
                .await
                .map_err(|error| unindexed(error, sales.one))?;
            if done.created > 0 {
                tx.enqueue_all(reactions(caller.company, Event::SalesRecorded))
                    .await?;
            }
            let ids: Vec<_> = done.items.iter().map(|sale| sale.id.0).collect();
            let outcome = recorded(done.created, &ids);
            key.settle(&mut tx, &caller, outcome).await?
        }
    };
    let items = catalog::find_sales(&mut tx, caller.company, &ids_of(&outcome)?).await?;
    tx.commit().await?;
    Ok(respond(&outcome, items, sales.one))
}

/// Cancels a line; doing it twice is the same as once.
pub(crate) async fn cancel(
    State(app): State<App>,
    caller: Caller,
    key: Key,
    Path(id): Path<SaleId>,
) -> Result<Response> {
    caller.require(Role::Member)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            catalog::cancel_sale(&mut tx, caller.company, id, caller.now).await?;
            caller
                .audit(
                    &mut tx,
                    "catalog.cancel_sale",
                    ("sale", Some(id.0)),
                    json!({}),
                )
                .await?;
            tx.enqueue_all(reactions(caller.company, Event::SalesRecorded))
                .await?;
            key.settle(&mut tx, &caller, Outcome::changed(id.0)).await?
        }
    };
    let sale = catalog::find_sales(&mut tx, caller.company, &[outcome.id()?])
        .await?
        .pop()
        .ok_or_else(no_sale)?;
    tx.commit().await?;
    Ok(outcome.respond(&sale))
}

fn no_sale() -> Error {
    Error::not_found("sale")
}
