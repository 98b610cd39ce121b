//! The controls: faults, settings, what was sent, what was called, what was delivered, emptying.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, extract::Query};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::brevo::Email;
use crate::faults::Rule;
use crate::meta;
use crate::settings::Settings;
use crate::state::Sandbox;
use crate::stripe;
use crate::twilio::{self, Message};

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/settings", get(settings).patch(change_settings))
        .route("/messages", get(messages))
        .route("/calls", get(calls))
        .route("/deliveries", get(deliveries))
        .route("/state", axum::routing::delete(clear))
        .route("/whatsapp/{number}/messages", post(receive))
        .nest("/stripe", stripe::controls())
        .nest("/meta", meta::controls())
}

async fn faults(State(sandbox): State<Sandbox>) -> Json<Vec<Rule>> {
    Json(sandbox.with(|data| data.rules.clone()))
}

/// Adds the rules after those that are there; the whole list is the answer.
async fn add_faults(
    State(sandbox): State<Sandbox>,
    Json(rules): Json<Vec<Rule>>,
) -> Json<Vec<Rule>> {
    Json(sandbox.with(|data| {
        data.rules.extend(rules);
        data.rules.clone()
    }))
}

async fn clear_faults(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.with(|data| data.rules.clear());
    StatusCode::NO_CONTENT
}

async fn settings(State(sandbox): State<Sandbox>) -> Json<Settings> {
    Json(sandbox.with(|data| data.settings.clone()))
}

/// Changes the keys that are given, and no others.
async fn change_settings(
    State(sandbox): State<Sandbox>,
    Json(changes): Json<BTreeMap<String, Value>>,
) -> Response {
    let changed = sandbox.with(|data| {
        let mut all = serde_json::to_value(&data.settings)?;
        for (key, value) in changes {
            all[key] = value;
        }
        data.settings = serde_json::from_value(all)?;
        Ok::<_, serde_json::Error>(data.settings.clone())
    });
    match changed {
        Ok(settings) => Json(settings).into_response(),
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()).into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// A number in E.164 or an address.
    to: Option<String>,
    /// `whatsapp` or `email`.
    channel: Option<String>,
}

/// Everything sent and received, oldest first within each channel.
async fn messages(State(sandbox): State<Sandbox>, Query(wanted): Query<Wanted>) -> Json<Value> {
    let all = sandbox.with(|data| {
        let whatsapp = data.twilio.messages.iter().map(Message::as_seen);
        whatsapp
            .chain(data.brevo.emails.iter().map(Email::as_seen))
            .collect::<Vec<_>>()
    });
    let is = |item: &Value, key: &str, value: &Option<String>| {
        value
            .as_ref()
            .is_none_or(|value| item[key].as_str() == Some(value.trim_start_matches("whatsapp:")))
    };
    let items: Vec<_> = all
        .into_iter()
        .filter(|m| is(m, "to", &wanted.to) && is(m, "channel", &wanted.channel))
        .collect();
    Json(json!({ "items": items }))
}

async fn calls(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(sandbox.with(|data| json!(data.calls)))
}

async fn deliveries(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(sandbox.with(|data| json!({ "items": data.deliveries })))
}

async fn clear(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.with(crate::state::Data::clear);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Received {
    body: String,
}

/// The recipient with this number writes to us.
async fn receive(
    State(sandbox): State<Sandbox>,
    Path(number): Path<String>,
    Json(received): Json<Received>,
) -> Json<Value> {
    Json(json!({ "sid": twilio::receive(&sandbox, &number, &received.body).await }))
}
