//! Stripe Billing: customers, checkout and portal sessions, subscriptions, the list of events,
//! idempotency keys, and webhooks with valid signatures.

mod api;
mod checkout;
mod controls;
mod events;
mod idempotency;
mod objects;

pub(crate) use controls::router as controls;

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

use crate::keys::STRIPE_SECRET_KEY;
use crate::state::Sandbox;

/// Objects by id, events in their order, answers by idempotency key.
#[derive(Default)]
pub(crate) struct State {
    objects: BTreeMap<String, Value>,
    events: Vec<StoredEvent>,
    replays: BTreeMap<String, Replay>,
}

/// An event, and whether the product has acknowledged it.
#[derive(Clone, Serialize, Deserialize)]
struct StoredEvent {
    event: Value,
    delivered: bool,
}

/// The first answer to an idempotency key; without a fingerprint it fits any request.
#[derive(Clone, Serialize, Deserialize)]
struct Replay {
    key: String,
    fingerprint: Option<String>,
    status: u16,
    body: Value,
}

impl State {
    fn put(&mut self, object: Value) {
        if let Some(id) = object["id"].as_str() {
            self.objects.insert(id.to_owned(), object);
        }
    }

    /// The object of this id and kind.
    fn find(&self, kind: &str, id: &str) -> Option<&Value> {
        self.objects
            .get(id)
            .filter(|object| object["object"] == kind)
    }

    fn put_event(&mut self, stored: StoredEvent) {
        let known = self
            .events
            .iter_mut()
            .find(|old| old.event["id"] == stored.event["id"]);
        match known {
            Some(old) => *old = stored,
            None => self.events.push(stored),
        }
    }

    pub(crate) fn restore(&mut self, kind: &str, value: &Value) -> bool {
        match kind {
            "stripe_object" => self.put(value.clone()),
            "stripe_event" => match StoredEvent::deserialize(value) {
                Ok(stored) => self.put_event(stored),
                Err(_) => return false,
            },
            "stripe_replay" => match Replay::deserialize(value) {
                Ok(replay) => drop(self.replays.insert(replay.key.clone(), replay)),
                Err(_) => return false,
            },
            _ => return false,
        }
        true
    }
}

pub(crate) fn router() -> Router<Sandbox> {
    let api = Router::new()
        .route("/v1/checkout/sessions", post(api::create_session))
        .route("/v1/checkout/sessions/{id}", get(api::fetch_session))
        .route("/v1/customers", post(api::create_customer))
        .route("/v1/customers/{id}", get(api::fetch_customer))
        .route("/v1/subscriptions/{id}", get(api::fetch_subscription))
        .route("/v1/billing_portal/sessions", post(api::create_portal))
        .route("/v1/events", get(events::list))
        .layer(from_fn(authenticate));
    api.merge(checkout::router())
}

async fn authenticate(request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let basic = format!("Basic {}", STANDARD.encode(format!("{STRIPE_SECRET_KEY}:")));
    if given == Some(&format!("Bearer {STRIPE_SECRET_KEY}")) || given == Some(&basic) {
        return next.run(request).await;
    }
    problem(
        StatusCode::UNAUTHORIZED,
        "invalid_request_error",
        None,
        "Invalid API Key provided",
    )
}

pub(crate) fn rate_limited(seconds: u64) -> Response {
    let status = StatusCode::TOO_MANY_REQUESTS;
    let mut response = problem(
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

/// Remembers an injected failure under the request's key, since Stripe replays even a 500.
pub(crate) fn remember_failure(sandbox: &Sandbox, key: &str, status: u16, body: Value) {
    let replay = Replay {
        key: key.to_owned(),
        fingerprint: None,
        status,
        body,
    };
    sandbox.with(|data| {
        data.keep("stripe_replay", &replay);
        data.stripe
            .replays
            .entry(replay.key.clone())
            .or_insert(replay);
    });
}

fn problem(status: StatusCode, kind: &str, code: Option<&str>, message: &str) -> Response {
    (
        status,
        Json(json!({"error": {"type": kind, "code": code, "message": message}})),
    )
        .into_response()
}

fn not_found(kind: &str, id: &str) -> Response {
    let message = format!("No such {kind}: '{id}'");
    problem(
        StatusCode::NOT_FOUND,
        "invalid_request_error",
        Some("resource_missing"),
        &message,
    )
}
