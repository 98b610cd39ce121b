//! `/admin/stripe`: the customer's acts without a page, and events sent again, late or forged.

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::checkout::{Change, change, complete};
use super::events::{Manner, arise, send, send_all};
use crate::state::Sandbox;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/checkout/{id}/complete", post(complete_checkout))
        .route("/subscriptions/{id}", post(change_subscription))
        .route("/events", get(all_events).post(make_event))
        .route("/events/{id}/send", post(send_event))
}

async fn complete_checkout(Shared(sandbox): Shared<Sandbox>, Path(id): Path<String>) -> Response {
    complete(&sandbox, &id).map_or_else(nothing, |session| Json(session).into_response())
}

async fn change_subscription(
    Shared(sandbox): Shared<Sandbox>,
    Path(id): Path<String>,
    Json(changes): Json<Change>,
) -> Response {
    change(&sandbox, &id, changes)
        .map_or_else(nothing, |subscription| Json(subscription).into_response())
}

/// Oldest first, with whether the product has acknowledged each.
async fn all_events(Shared(sandbox): Shared<Sandbox>) -> Json<Value> {
    Json(sandbox.with(|data| json!({ "items": data.stripe.events })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Made {
    #[serde(rename = "type")]
    kind: String,
    object: Value,
}

/// An event of any type about any object; answers with its id.
async fn make_event(Shared(sandbox): Shared<Sandbox>, Json(made): Json<Made>) -> Json<Value> {
    let id = sandbox.with(|data| arise(data, &made.kind, &made.object));
    send_all(&sandbox, vec![id.clone()]);
    Json(json!({ "id": id }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sending {
    times: u32,
    age_seconds: i64,
    forged: bool,
}

impl Default for Sending {
    fn default() -> Self {
        Self {
            times: 1,
            age_seconds: 0,
            forged: false,
        }
    }
}

/// Sends an event now, as often as asked, and waits: says for each whether it was acknowledged.
async fn send_event(
    Shared(sandbox): Shared<Sandbox>,
    Path(id): Path<String>,
    Json(sending): Json<Sending>,
) -> Response {
    let manner = Manner {
        age_seconds: sending.age_seconds,
        forged: sending.forged,
        once: true,
    };
    let mut acknowledged = Vec::new();
    for _ in 0..sending.times {
        let Some(done) = send(&sandbox, &id, &manner).await else {
            return nothing();
        };
        acknowledged.push(done);
    }
    Json(json!({ "acknowledged": acknowledged })).into_response()
}

fn nothing() -> Response {
    StatusCode::NOT_FOUND.into_response()
}
