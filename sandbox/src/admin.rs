//! The controls under `/admin`: faults, settings, messages, calls, deliveries and clearing the
//! state.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, extract::Query};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::Rule;
use crate::provider::{Channel, Provider};
use crate::settings::Settings;
use crate::state::Sandbox;

pub(crate) fn router() -> Router<Sandbox> {
    let routes = Router::new()
        .route("/health", get(|| async { "ok" }))
        .route(
            "/faults",
            get(list_faults).post(add_faults).delete(clear_faults),
        )
        .route("/settings", get(show_settings).patch(change_settings))
        .route("/messages", get(list_messages))
        .route("/calls", get(list_calls))
        .route("/deliveries", get(list_deliveries))
        .route("/state", axum::routing::delete(clear_state));
    let of_providers = Provider::ALL.map(Provider::admin_router);
    of_providers.into_iter().fold(routes, Router::merge)
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
    let all = sandbox.with_data(|data| data.states.message_views());
    let to = filter
        .to
        .as_ref()
        .map(|to| to.trim_start_matches("whatsapp:"));
    let channel = filter.channel.map(|channel| json!(channel));
    let items: Vec<_> = all
        .into_iter()
        .filter(|message| to.is_none_or(|to| message["to"] == to))
        .filter(|message| {
            channel
                .as_ref()
                .is_none_or(|name| message["channel"] == *name)
        })
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
