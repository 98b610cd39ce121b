//! Twilio's Messages resource for WhatsApp: create, fetch and list messages, status callbacks, and
//! messages from recipients.

mod controls;
mod create;
mod delivery;
mod inbound;
pub(crate) mod keys;
mod list;
mod message;
mod operations;
mod record;
mod template;

pub(crate) use controls::router as admin_router;
pub(crate) use delivery::resume_messages;
pub(crate) use message::{Message, MessageStatus};
pub(crate) use operations::OPERATIONS;
pub(crate) use record::TwilioRecord;

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, Request, State as Shared};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::state::Sandbox;
use keys::{TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN};

/// Messages in the order of their creation, and the state of each recipient.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) messages: Vec<Message>,
    by_sid: BTreeMap<String, usize>,
    /// The time of the last message from each address, which opens the 24-hour window.
    last_inbound: BTreeMap<String, DateTime<Utc>>,
    opted_out: BTreeSet<String>,
}

/// A message from a recipient, as stored in the state file.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Inbound {
    pub(crate) from: String,
    pub(crate) body: String,
    pub(crate) at: DateTime<Utc>,
}

impl State {
    pub(crate) fn put_message(&mut self, message: Message) {
        if let Some(at) = self.by_sid.get(&message.sid) {
            self.messages[*at] = message;
        } else {
            self.by_sid.insert(message.sid.clone(), self.messages.len());
            self.messages.push(message);
        }
    }

    pub(crate) fn find_message(&self, sid: &str) -> Option<&Message> {
        self.by_sid.get(sid).map(|at| &self.messages[*at])
    }

    pub(crate) fn find_message_mut(&mut self, sid: &str) -> Option<&mut Message> {
        self.by_sid.get(sid).map(|at| &mut self.messages[*at])
    }

    pub(crate) fn record_inbound(&mut self, inbound: &Inbound) {
        self.last_inbound.insert(inbound.from.clone(), inbound.at);
        match inbound.body.trim().to_uppercase().as_str() {
            "STOP" | "ARRET" | "ARRÊT" => self.opted_out.insert(inbound.from.clone()),
            "START" => self.opted_out.remove(&inbound.from),
            _ => false,
        };
    }
}

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route(
            "/2010-04-01/Accounts/{account}/Messages.json",
            post(create::create_message).get(list::list_messages),
        )
        .route(
            "/2010-04-01/Accounts/{account}/Messages/{file}",
            get(fetch_message),
        )
        .layer(from_fn(authenticate))
}

async fn authenticate(request: Request, next: Next) -> Response {
    let credentials = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let expected = format!(
        "Basic {}",
        STANDARD.encode(format!("{TWILIO_ACCOUNT_SID}:{TWILIO_AUTH_TOKEN}"))
    );
    if credentials != Some(&expected) {
        return problem_response(StatusCode::UNAUTHORIZED, 20003, "Authenticate");
    }
    let account = format!("/2010-04-01/Accounts/{TWILIO_ACCOUNT_SID}/");
    if !request.uri().path().contains(&account) {
        return not_found(request.uri().path());
    }
    next.run(request).await
}

async fn fetch_message(
    Shared(sandbox): Shared<Sandbox>,
    Path((_, file)): Path<(String, String)>,
) -> Response {
    let sid = file.strip_suffix(".json").unwrap_or_default();
    let found = sandbox.with_data(|data| {
        data.states
            .twilio
            .find_message(sid)
            .map(Message::to_resource)
    });
    found.map_or_else(
        || not_found(&format!("/Messages/{file}")),
        |body| Json(body).into_response(),
    )
}

fn not_found(path: &str) -> Response {
    problem_response(
        StatusCode::NOT_FOUND,
        20404,
        &format!("The requested resource {path} was not found"),
    )
}

/// Returns the body of an injected error.
pub(crate) fn default_error_body(code: u16) -> Value {
    json!({"code": 20_000 + u32::from(code), "message": "Injected fault", "status": code})
}

pub(crate) fn rate_limit_response(seconds: u64) -> Response {
    let mut response = problem_response(StatusCode::TOO_MANY_REQUESTS, 20429, "Too Many Requests");
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn problem_response(status: StatusCode, code: u32, message: &str) -> Response {
    let more_info = format!("https://www.twilio.com/docs/errors/{code}");
    let body = json!({
        "code": code,
        "message": message,
        "more_info": more_info,
        "status": status.as_u16(),
    });
    (status, Json(body)).into_response()
}
