//! Routes of products and what they refer to, of stock and of sales. `DELETE` archives: what has a
//! history stays. A PATCH or DELETE is checked against a version where it names one, by `If-Match` or
//! in the body, and is taken as it is where it names none.

mod categories;
mod products;
mod sales;
mod sites;
mod stock;
mod suppliers;

use axum::Router;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use platform::ids::Uuid;
use serde::Serialize;
use serde_json::json;

use crate::App;
use crate::error::{Error, Result};
use crate::idempotency::Outcome;
use crate::pagination::List;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/products", get(products::list).post(products::create))
        .route(
            "/products/{id}",
            get(products::show)
                .patch(products::change)
                .delete(products::archive),
        )
        .route("/products/{id}/stock", get(stock::show))
        .route(
            "/categories",
            get(categories::list).post(categories::create),
        )
        .route(
            "/categories/{id}",
            get(categories::show)
                .patch(categories::change)
                .delete(categories::archive),
        )
        .route("/suppliers", get(suppliers::list).post(suppliers::create))
        .route(
            "/suppliers/{id}",
            get(suppliers::show)
                .patch(suppliers::change)
                .delete(suppliers::archive),
        )
        .route("/sites", get(sites::list).post(sites::create))
        .route(
            "/sites/{id}",
            get(sites::show).patch(sites::change).delete(sites::archive),
        )
        .route("/stock-movements", get(stock::list).post(stock::record))
        .route("/sales", get(sales::list).post(sales::record))
        .route("/sales/{id}/cancel", post(sales::cancel))
}

/// A thing with the `ETag` that a later `If-Match` names.
fn versioned(version: i32, thing: &impl Serialize) -> Response {
    ([(ETAG, format!("\"{version}\""))], axum::Json(thing)).into_response()
}

/// What came of recording facts; a call that brings nothing new answers 200.
fn recorded(created: u64, ids: &[Uuid]) -> Outcome {
    let status = if created > 0 {
        axum::http::StatusCode::CREATED
    } else {
        axum::http::StatusCode::OK
    };
    Outcome::of(status, None, json!({"ids": ids}))
}

/// The ids that [`recorded`] kept.
fn ids_of(outcome: &Outcome) -> Result<Vec<Uuid>> {
    let ids = outcome.ids().get("ids").cloned().unwrap_or_default();
    serde_json::from_value(ids).map_err(Error::internal)
}

/// Facts as they were sent: one object for one, a list for a list.
fn respond<T: Serialize>(outcome: &Outcome, items: Vec<T>, one: bool) -> Response {
    match items.first().filter(|_| one) {
        Some(only) => outcome.respond(only),
        None => outcome.respond(&List::whole(items)),
    }
}

/// A wrong field of the only fact sent has no index.
fn unindexed(error: domain::Error, one: bool) -> Error {
    match error {
        domain::Error::Invalid(mut fields) if one => {
            for field in &mut fields {
                if let Some(name) = field.field.strip_prefix("[0].") {
                    field.field = name.to_owned();
                }
            }
            Error::invalid(fields)
        }
        other => other.into(),
    }
}
