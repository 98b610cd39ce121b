//! The API calls that the product makes.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::keys::STRIPE_PRICES;
use super::objects::{self, Form};
use super::{State, idempotency, not_found, problem_response};
use crate::state::Sandbox;

pub(super) async fn create_session(
    Shared(sandbox): Shared<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let base = base_url(&headers);
    idempotency::create_once(
        &sandbox,
        "checkout/sessions",
        &headers,
        &parse_form(&body),
        |state, form| {
            validate_session(state, form)?;
            Ok(objects::new_session(form, &base))
        },
    )
}

fn validate_session(state: &State, form: &Form) -> Result<(), Box<Response>> {
    for name in ["mode", "success_url", "line_items[0][price]"] {
        if form.get(name).is_none_or(String::is_empty) {
            return Err(missing_parameter(name));
        }
    }
    if form["mode"] != "subscription" {
        return Err(invalid_request(
            "Invalid mode: must be subscription in this sandbox",
        ));
    }
    let price = &form["line_items[0][price]"];
    if !STRIPE_PRICES.iter().any(|(known, _)| known == price) {
        return Err(unknown_id("price", price));
    }
    match (form.get("customer"), form.get("customer_email")) {
        (Some(_), Some(_)) => Err(invalid_request(
            "You may only specify one of these parameters: customer, customer_email.",
        )),
        (Some(customer), None) if state.find_object("customer", customer).is_none() => {
            Err(unknown_id("customer", customer))
        }
        _ => Ok(()),
    }
}

pub(super) async fn create_customer(
    Shared(sandbox): Shared<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    idempotency::create_once(
        &sandbox,
        "customers",
        &headers,
        &parse_form(&body),
        |_, form| {
            Ok(objects::new_customer(
                form.get("email").map(String::as_str),
                &objects::form_members(form, "metadata"),
            ))
        },
    )
}

pub(super) async fn create_portal(
    Shared(sandbox): Shared<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let base = base_url(&headers);
    idempotency::create_once(
        &sandbox,
        "billing_portal/sessions",
        &headers,
        &parse_form(&body),
        |state, form| {
            let customer = form
                .get("customer")
                .ok_or_else(|| missing_parameter("customer"))?;
            if state.find_object("customer", customer).is_none() {
                return Err(unknown_id("customer", customer));
            }
            Ok(objects::new_portal(customer, form.get("return_url"), &base))
        },
    )
}

pub(super) async fn fetch_session(
    Shared(sandbox): Shared<Sandbox>,
    Path(id): Path<String>,
) -> Response {
    fetch_object(&sandbox, "checkout.session", &id)
}

pub(super) async fn fetch_customer(
    Shared(sandbox): Shared<Sandbox>,
    Path(id): Path<String>,
) -> Response {
    fetch_object(&sandbox, "customer", &id)
}

pub(super) async fn fetch_subscription(
    Shared(sandbox): Shared<Sandbox>,
    Path(id): Path<String>,
) -> Response {
    fetch_object(&sandbox, "subscription", &id)
}

pub(super) fn fetch_object(sandbox: &Sandbox, kind: &str, id: &str) -> Response {
    let found = sandbox.with_data(|data| data.states.stripe.find_object(kind, id).cloned());
    found.map_or_else(
        || not_found(kind, id),
        |object| Json(object).into_response(),
    )
}

pub(super) fn parse_form(body: &[u8]) -> Form {
    url::form_urlencoded::parse(body).into_owned().collect()
}

/// Returns the base URL of the request, which is also that of the pages for people.
fn base_url(headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("127.0.0.1:8090");
    format!("http://{host}")
}

pub(super) fn missing_parameter(name: &str) -> Box<Response> {
    let message = format!("Missing required param: {name}.");
    Box::new(problem_response(
        StatusCode::BAD_REQUEST,
        "invalid_request_error",
        Some("parameter_missing"),
        &message,
    ))
}

pub(super) fn invalid_request(message: &str) -> Box<Response> {
    Box::new(problem_response(
        StatusCode::BAD_REQUEST,
        "invalid_request_error",
        None,
        message,
    ))
}

/// Rejects an unknown id in a request body with 400. An unknown id in a path is a 404.
pub(super) fn unknown_id(kind: &str, id: &str) -> Box<Response> {
    let message = format!("No such {kind}: '{id}'");
    Box::new(problem_response(
        StatusCode::BAD_REQUEST,
        "invalid_request_error",
        Some("resource_missing"),
        &message,
    ))
}
