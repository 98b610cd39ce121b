//! `/admin/stripe`: the actions of a customer without a page, and events sent again, late or
//! forged.

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::checkout::{self, SubscriptionChange};
use super::events::{self, SendOptions};
use crate::state::Sandbox;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/stripe/checkout/{id}/complete", post(complete_checkout))
        .route("/stripe/subscriptions/{id}", post(change_subscription))
        .route("/stripe/objects/{kind}", get(list_objects))
        .route("/stripe/events", get(list_events).post(create_event))
        .route("/stripe/events/{id}/send", post(send_event))
}

async fn complete_checkout(Shared(sandbox): Shared<Sandbox>, Path(id): Path<String>) -> Response {
    checkout::complete_checkout(&sandbox, &id)
        .map_or_else(not_found, |session| Json(session).into_response())
}

async fn change_subscription(
    Shared(sandbox): Shared<Sandbox>,
    Path(id): Path<String>,
    Json(change): Json<SubscriptionChange>,
) -> Response {
    checkout::change_subscription(&sandbox, &id, change)
        .map_or_else(not_found, |subscription| Json(subscription).into_response())
}

/// Lists the objects of a kind, such as `refund`.
async fn list_objects(Shared(sandbox): Shared<Sandbox>, Path(kind): Path<String>) -> Json<Value> {
    sandbox.with_data(|data| {
        let objects = data.states.stripe.objects.values();
        let items: Vec<_> = objects
            .filter(|object| object["object"] == kind.as_str())
            .collect();
        Json(json!({ "items": items }))
    })
}

/// Lists the events, oldest first, with whether the product acknowledged each.
async fn list_events(Shared(sandbox): Shared<Sandbox>) -> Json<Value> {
    Json(sandbox.with_data(|data| json!({ "items": data.states.stripe.events })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateEvent {
    #[serde(rename = "type")]
    kind: String,
    object: Value,
}

/// Creates and sends an event of any type about any object. Responds with its id.
async fn create_event(
    Shared(sandbox): Shared<Sandbox>,
    Json(event): Json<CreateEvent>,
) -> Json<Value> {
    let id = sandbox.with_data(|data| events::create_event(data, &event.kind, &event.object));
    events::deliver_events(&sandbox, vec![id.clone()]);
    Json(json!({ "id": id }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SendEvent {
    times: u32,
    age_seconds: i64,
    forged: bool,
}

impl Default for SendEvent {
    fn default() -> Self {
        Self {
            times: 1,
            age_seconds: 0,
            forged: false,
        }
    }
}

/// Sends an event `times` times. Responds with whether each sending was acknowledged.
async fn send_event(
    Shared(sandbox): Shared<Sandbox>,
    Path(id): Path<String>,
    Json(sending): Json<SendEvent>,
) -> Response {
    let options = SendOptions {
        age_seconds: sending.age_seconds,
        forged: sending.forged,
        retry_seconds: &[],
    };
    let mut acknowledged = Vec::new();
    for _ in 0..sending.times {
        let Some(is_acknowledged) = events::deliver_event(&sandbox, &id, &options).await else {
            return not_found();
        };
        acknowledged.push(is_acknowledged);
    }
    Json(json!({ "acknowledged": acknowledged })).into_response()
}

fn not_found() -> Response {
    StatusCode::NOT_FOUND.into_response()
}
