//! Stripe Billing: customers, checkout and portal sessions, subscriptions, the list of events,
//! idempotency keys, and webhooks with valid signatures.

mod api;
mod checkout;
mod controls;
mod event_list;
mod events;
mod idempotency;
mod keys;
mod objects;
mod operations;
mod pages;
mod record;
mod refunds;

pub(crate) use controls::router as admin_router;
pub(crate) use operations::OPERATIONS;
pub(crate) use record::StripeRecord;

use std::collections::BTreeMap;

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::state::Sandbox;
use keys::STRIPE_SECRET_KEY;

/// Objects by id, events in the order of their creation, and responses by idempotency key.
#[derive(Default)]
pub(crate) struct State {
    objects: BTreeMap<String, Value>,
    events: Vec<StoredEvent>,
    replays: BTreeMap<String, Replay>,
}

/// An event, and whether the product acknowledged it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredEvent {
    event: Value,
    delivered: bool,
}

/// The first response to an idempotency key. Without a fingerprint it matches every request.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Replay {
    key: String,
    fingerprint: Option<String>,
    status: u16,
    body: Value,
}

impl State {
    pub(crate) fn put_object(&mut self, object: Value) {
        if let Some(id) = object["id"].as_str() {
            self.objects.insert(id.to_owned(), object);
        }
    }

    /// Returns the object of this kind and id.
    fn find_object(&self, kind: &str, id: &str) -> Option<&Value> {
        self.objects
            .get(id)
            .filter(|object| object["object"] == kind)
    }

    pub(crate) fn put_replay(&mut self, replay: Replay) {
        self.replays.insert(replay.key.clone(), replay);
    }

    pub(crate) fn put_event(&mut self, stored: StoredEvent) {
        let known = self
            .events
            .iter_mut()
            .find(|old| old.event["id"] == stored.event["id"]);
        match known {
            Some(old) => *old = stored,
            None => self.events.push(stored),
        }
    }
}

pub(crate) fn router() -> Router<Sandbox> {
    let api = Router::new()
        .route("/v1/checkout/sessions", post(api::create_session))
        .route("/v1/checkout/sessions/{id}", get(api::fetch_session))
        .route("/v1/customers", post(api::create_customer))
        .route("/v1/customers/{id}", get(api::fetch_customer))
        .route(
            "/v1/checkout/sessions/{id}/expire",
            post(refunds::expire_session),
        )
        .route(
            "/v1/subscriptions/{id}",
            get(api::fetch_subscription).delete(refunds::cancel_subscription),
        )
        .route("/v1/invoices/{id}", get(refunds::fetch_invoice))
        .route("/v1/refunds", post(refunds::create_refund))
        .route("/v1/billing_portal/sessions", post(api::create_portal))
        .route("/v1/events", get(event_list::list_events))
        .layer(from_fn(authenticate));
    api.merge(pages::router())
}

async fn authenticate(request: Request, next: Next) -> Response {
    let credentials = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let basic = format!("Basic {}", STANDARD.encode(format!("{STRIPE_SECRET_KEY}:")));
    if credentials == Some(&format!("Bearer {STRIPE_SECRET_KEY}")) || credentials == Some(&basic) {
        return next.run(request).await;
    }
    problem_response(
        StatusCode::UNAUTHORIZED,
        "invalid_request_error",
        None,
        "Invalid API Key provided",
    )
}

/// Returns the body of an injected error.
pub(crate) fn default_error_body() -> Value {
    json!({"error": {"type": "api_error", "message": "Injected fault"}})
}

pub(crate) fn rate_limit_response(seconds: u64) -> Response {
    let status = StatusCode::TOO_MANY_REQUESTS;
    let mut response = problem_response(
        status,
        "invalid_request_error",
        Some("rate_limit"),
        "Too many requests",
    );
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// Stores an injected 5xx under the request's key, because Stripe replays even a 500.
pub(crate) fn record_error(sandbox: &Sandbox, key: &str, status: u16, body: &Value) {
    if status < 500 {
        return;
    }
    let replay = Replay {
        key: key.to_owned(),
        fingerprint: None,
        status,
        body: body.clone(),
    };
    sandbox.with_data(|data| {
        data.keep_record(StripeRecord::Replay, &replay);
        data.states
            .stripe
            .replays
            .entry(replay.key.clone())
            .or_insert(replay);
    });
}

fn problem_response(status: StatusCode, kind: &str, code: Option<&str>, message: &str) -> Response {
    (
        status,
        Json(json!({"error": {"type": kind, "code": code, "message": message}})),
    )
        .into_response()
}

fn not_found(kind: &str, id: &str) -> Response {
    let message = format!("No such {kind}: '{id}'");
    problem_response(
        StatusCode::NOT_FOUND,
        "invalid_request_error",
        Some("resource_missing"),
        &message,
    )
}
