//! `/admin/whatsapp`: messages from recipients.

use axum::extract::{Path, State as Shared};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::inbound;
use crate::state::Sandbox;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new().route("/whatsapp/{number}/messages", post(receive_message))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiveMessage {
    body: String,
}

/// Receives a message from the recipient with this number.
async fn receive_message(
    Shared(sandbox): Shared<Sandbox>,
    Path(number): Path<String>,
    Json(message): Json<ReceiveMessage>,
) -> Json<Value> {
    Json(json!({ "sid": inbound::receive_message(&sandbox, &number, &message.body).await }))
}
