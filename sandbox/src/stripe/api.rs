//! The calls of the product's client.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::objects::{self, Form};
use super::{State, idempotency, not_found, problem};
use crate::keys::STRIPE_PRICES;
use crate::state::Sandbox;

pub(super) async fn create_session(
    Shared(sandbox): Shared<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let base = base(&headers);
    idempotency::once(
        &sandbox,
        "checkout/sessions",
        &headers,
        &form(&body),
        |state, form| {
            check_session(state, form)?;
            Ok(objects::session(form, &base))
        },
    )
}

fn check_session(state: &State, form: &Form) -> Result<(), Box<Response>> {
    for needed in ["mode", "success_url", "line_items[0][price]"] {
        if form.get(needed).is_none_or(String::is_empty) {
            return Err(missing(needed));
        }
    }
    if form["mode"] != "subscription" {
        return Err(invalid(
            "Invalid mode: must be subscription in this sandbox",
        ));
    }
    let price = &form["line_items[0][price]"];
    if !STRIPE_PRICES.iter().any(|(known, _)| known == price) {
        return Err(absent("price", price));
    }
    match (form.get("customer"), form.get("customer_email")) {
        (Some(_), Some(_)) => Err(invalid(
            "You may only specify one of these parameters: customer, customer_email.",
        )),
        (Some(customer), None) if state.find("customer", customer).is_none() => {
            Err(absent("customer", customer))
        }
        _ => Ok(()),
    }
}

pub(super) async fn create_customer(
    Shared(sandbox): Shared<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    idempotency::once(&sandbox, "customers", &headers, &form(&body), |_, form| {
        Ok(objects::customer(
            form.get("email").map(String::as_str),
            &objects::members(form, "metadata"),
        ))
    })
}

pub(super) async fn create_portal(
    Shared(sandbox): Shared<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let base = base(&headers);
    idempotency::once(
        &sandbox,
        "billing_portal/sessions",
        &headers,
        &form(&body),
        |state, form| {
            let customer = form.get("customer").ok_or_else(|| missing("customer"))?;
            if state.find("customer", customer).is_none() {
                return Err(absent("customer", customer));
            }
            Ok(objects::portal(customer, form.get("return_url"), &base))
        },
    )
}

pub(super) async fn fetch_session(
    Shared(sandbox): Shared<Sandbox>,
    Path(id): Path<String>,
) -> Response {
    fetch(&sandbox, "checkout.session", &id)
}

pub(super) async fn fetch_customer(
    Shared(sandbox): Shared<Sandbox>,
    Path(id): Path<String>,
) -> Response {
    fetch(&sandbox, "customer", &id)
}

pub(super) async fn fetch_subscription(
    Shared(sandbox): Shared<Sandbox>,
    Path(id): Path<String>,
) -> Response {
    fetch(&sandbox, "subscription", &id)
}

fn fetch(sandbox: &Sandbox, kind: &str, id: &str) -> Response {
    let found = sandbox.with(|data| data.stripe.find(kind, id).cloned());
    found.map_or_else(
        || not_found(kind, id),
        |object| Json(object).into_response(),
    )
}

fn form(body: &[u8]) -> Form {
    url::form_urlencoded::parse(body).into_owned().collect()
}

/// The address that the caller reached us by: the pages for people stand there, too.
fn base(headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("127.0.0.1:8090");
    format!("http://{host}")
}

fn missing(name: &str) -> Box<Response> {
    let message = format!("Missing required param: {name}.");
    Box::new(problem(
        StatusCode::BAD_REQUEST,
        "invalid_request_error",
        Some("parameter_missing"),
        &message,
    ))
}

fn invalid(message: &str) -> Box<Response> {
    Box::new(problem(
        StatusCode::BAD_REQUEST,
        "invalid_request_error",
        None,
        message,
    ))
}

/// An unknown id inside a request is a 400, where one in a path is a 404.
fn absent(kind: &str, id: &str) -> Box<Response> {
    let message = format!("No such {kind}: '{id}'");
    Box::new(problem(
        StatusCode::BAD_REQUEST,
        "invalid_request_error",
        Some("resource_missing"),
        &message,
    ))
}
