//! The controls under `/admin`: faults, settings, messages, calls, deliveries and clearing the
//! state.

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
        .route(
            "/faults",
            get(list_faults).post(add_faults).delete(clear_faults),
        )
        .route("/settings", get(show_settings).patch(change_settings))
        .route("/messages", get(list_messages))
        .route("/calls", get(list_calls))
        .route("/deliveries", get(list_deliveries))
        .route("/state", axum::routing::delete(clear_state))
        .route("/whatsapp/{number}/messages", post(receive_message))
        .nest("/stripe", stripe::controls())
        .nest("/meta", meta::controls())
}

async fn list_faults(State(sandbox): State<Sandbox>) -> Json<Vec<Rule>> {
    Json(sandbox.with_data(|data| data.rules.clone()))
}

/// Appends the rules. Responds with the whole list.
async fn add_faults(
    State(sandbox): State<Sandbox>,
    Json(rules): Json<Vec<Rule>>,
) -> Json<Vec<Rule>> {
    Json(sandbox.with_data(|data| {
        data.rules.extend(rules);
        data.rules.clone()
    }))
}

async fn clear_faults(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.with_data(|data| data.rules.clear());
    StatusCode::NO_CONTENT
}

async fn show_settings(State(sandbox): State<Sandbox>) -> Json<Settings> {
    Json(sandbox.with_data(|data| data.settings.clone()))
}

/// Changes the settings that the body contains.
async fn change_settings(
    State(sandbox): State<Sandbox>,
    Json(changes): Json<BTreeMap<String, Value>>,
) -> Response {
    let changed = sandbox.with_data(|data| {
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

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Channel {
    Whatsapp,
    Email,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageFilter {
    /// A phone number in E.164, or an e-mail address.
    to: Option<String>,
    channel: Option<Channel>,
}

/// Lists the messages sent and received, oldest first within each channel.
async fn list_messages(
    State(sandbox): State<Sandbox>,
    Query(filter): Query<MessageFilter>,
) -> Json<Value> {
    let all = sandbox.with_data(|data| {
        let whatsapp = data.twilio.messages.iter().map(Message::to_admin_view);
        let emails = data.brevo.emails.iter().map(Email::to_admin_view);
        match filter.channel {
            Some(Channel::Whatsapp) => whatsapp.collect(),
            Some(Channel::Email) => emails.collect(),
            None => whatsapp.chain(emails).collect::<Vec<_>>(),
        }
    });
    let to = filter
        .to
        .as_ref()
        .map(|to| to.trim_start_matches("whatsapp:"));
    let items: Vec<_> = all
        .into_iter()
        .filter(|message| to.is_none_or(|to| message["to"] == to))
        .collect();
    Json(json!({ "items": items }))
}

async fn list_calls(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(sandbox.with_data(|data| json!(data.calls)))
}

async fn list_deliveries(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(sandbox.with_data(|data| json!({ "items": data.deliveries })))
}

async fn clear_state(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.with_data(crate::state::Data::clear_state);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiveMessage {
    body: String,
}

/// Receives a message from the recipient with this number.
async fn receive_message(
    State(sandbox): State<Sandbox>,
    Path(number): Path<String>,
    Json(message): Json<ReceiveMessage>,
) -> Json<Value> {
    Json(json!({ "sid": twilio::receive_message(&sandbox, &number, &message.body).await }))
}
