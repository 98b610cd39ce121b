//! Sale lines.

use ::jobs::events::{Event, reactions_to};
use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use domain::catalog::{
    self, CreateSale, CustomerId, FactPosition, ProductId, Sale, SaleFilter, SaleId, SaleStatus,
};
use domain::identity;
use platform::db::Tx;
use serde::Deserialize;
use serde_json::json;

use super::facts::{respond_in_kind, strip_index};
use crate::App;
use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::extract::{OneOrMany, Path, Query};
use crate::idempotency::{Key, Keyed, Outcome};
use crate::pagination::{List, Page};

/// `from` and `to` are days of the company, both included.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SaleQuery {
    product_id: Option<ProductId>,
    customer_id: Option<CustomerId>,
    document: Option<String>,
    status: Option<SaleStatus>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

/// Lists sale lines, the latest day first and on it the latest entered.
pub(super) async fn list_sales(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<SaleQuery>,
    page: Page,
) -> Result<axum::Json<List<Sale>>> {
    let filter = SaleFilter {
        product_id: query.product_id,
        customer_id: query.customer_id,
        document: query.document,
        status: query.status,
        from: query.from,
        to: query.to,
    };
    let before = page.decode_cursor()?;
    let mut tx = caller.begin(&app).await?;
    let rows =
        catalog::list_sales(&mut tx, caller.company, &filter, before, page.row_limit()).await?;
    let position = |sale: &Sale| FactPosition {
        day: sale.day,
        id: sale.id.0,
    };
    Ok(axum::Json(List::from_rows(rows, &page, position)))
}

/// Records one sale line or up to 1,000, all or none.
pub(super) async fn record_sales(
    State(app): State<App>,
    caller: Caller,
    Keyed { body, key }: Keyed<OneOrMany<CreateSale>>,
) -> Result<Response> {
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            insert_sales(tx, &caller, &body).await
        })
        .await?;
    let ids = settled.outcome.recorded_ids()?;
    let sales = catalog::find_sales(&mut settled.tx, caller.company, &ids).await?;
    respond_in_kind(settled, sales, body.is_single).await
}

async fn insert_sales(
    tx: &mut Tx,
    caller: &Caller,
    body: &OneOrMany<CreateSale>,
) -> Result<Outcome> {
    let company = identity::companies::require_company(tx, caller.company).await?;
    let zone = company.timezone.parse().map_err(Error::internal)?;
    let recorded = catalog::record_sales(tx, company.id, zone, &body.items, caller.now)
        .await
        .map_err(|error| strip_index(error, body.is_single))?;
    if recorded.created > 0 {
        tx.enqueue_all(reactions_to(caller.company, Event::SalesRecorded))
            .await?;
    }
    let ids: Vec<_> = recorded.items.iter().map(|sale| sale.id.0).collect();
    Ok(Outcome::recorded(recorded.created, &ids, recorded.batch))
}

/// Cancels a line; idempotent.
pub(super) async fn cancel_sale(
    State(app): State<App>,
    caller: Caller,
    key: Key,
    Path(id): Path<SaleId>,
) -> Result<Response> {
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            withdraw_sale(tx, &caller, id).await
        })
        .await?;
    let ids = [settled.outcome.id()?];
    let sales = catalog::find_sales(&mut settled.tx, caller.company, &ids).await?;
    let sale = sales.first().ok_or_else(|| Error::not_found("sale"))?;
    settled.respond(sale).await
}

async fn withdraw_sale(tx: &mut Tx, caller: &Caller, id: SaleId) -> Result<Outcome> {
    catalog::cancel_sale(tx, caller.company, id, caller.now).await?;
    caller
        .record_act(tx, "catalog.cancel_sale", ("sale", id), json!({}))
        .await?;
    tx.enqueue_all(reactions_to(caller.company, Event::SalesRecorded))
        .await?;
    Ok(Outcome::updated(id))
}
