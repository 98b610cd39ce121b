//! Twilio's Messages resource for WhatsApp: create, fetch, list by Twilio's own filters and no
//! others, status callbacks, and messages from the recipients.

mod create;
mod list;
mod message;
mod progress;

pub(crate) use message::Message;
pub(crate) use progress::{receive, resume};

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

use crate::keys::{TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN};
use crate::state::Sandbox;

/// Messages in the order of their creation, and what is known of each recipient.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) messages: Vec<Message>,
    by_sid: BTreeMap<String, usize>,
    /// By address: the time of the last message to us opens the 24-hour window.
    last_inbound: BTreeMap<String, DateTime<Utc>>,
    opted_out: BTreeSet<String>,
}

/// A message from a recipient, as kept on disk.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Inbound {
    pub(crate) from: String,
    pub(crate) body: String,
    pub(crate) at: DateTime<Utc>,
}

impl State {
    pub(crate) fn put(&mut self, message: Message) {
        if let Some(at) = self.by_sid.get(&message.sid) {
            self.messages[*at] = message;
        } else {
            self.by_sid.insert(message.sid.clone(), self.messages.len());
            self.messages.push(message);
        }
    }

    pub(crate) fn find(&self, sid: &str) -> Option<&Message> {
        self.by_sid.get(sid).map(|at| &self.messages[*at])
    }

    pub(crate) fn find_mut(&mut self, sid: &str) -> Option<&mut Message> {
        self.by_sid.get(sid).map(|at| &mut self.messages[*at])
    }

    pub(crate) fn hear(&mut self, inbound: &Inbound) {
        self.last_inbound.insert(inbound.from.clone(), inbound.at);
        match inbound.body.trim().to_uppercase().as_str() {
            "STOP" | "ARRET" | "ARRÊT" => self.opted_out.insert(inbound.from.clone()),
            "START" => self.opted_out.remove(&inbound.from),
            _ => false,
        };
    }

    pub(crate) fn restore(&mut self, kind: &str, value: &Value) -> bool {
        match kind {
            "message" => Message::deserialize(value)
                .map(|message| self.put(message))
                .is_ok(),
            "inbound" => Inbound::deserialize(value)
                .map(|inbound| self.hear(&inbound))
                .is_ok(),
            _ => false,
        }
    }
}

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route(
            "/2010-04-01/Accounts/{account}/Messages.json",
            post(create::create).get(list::list),
        )
        .route("/2010-04-01/Accounts/{account}/Messages/{file}", get(fetch))
        .layer(from_fn(authenticate))
}

async fn authenticate(request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let right = format!(
        "Basic {}",
        STANDARD.encode(format!("{TWILIO_ACCOUNT_SID}:{TWILIO_AUTH_TOKEN}"))
    );
    if given != Some(&right) {
        return problem(StatusCode::UNAUTHORIZED, 20003, "Authenticate");
    }
    let account = format!("/2010-04-01/Accounts/{TWILIO_ACCOUNT_SID}/");
    if !request.uri().path().contains(&account) {
        return not_found(request.uri().path());
    }
    next.run(request).await
}

async fn fetch(
    Shared(sandbox): Shared<Sandbox>,
    Path((_, file)): Path<(String, String)>,
) -> Response {
    let sid = file.strip_suffix(".json").unwrap_or_default();
    let found = sandbox.with(|data| data.twilio.find(sid).map(Message::as_twilio));
    found.map_or_else(
        || not_found(&format!("/Messages/{file}")),
        |body| Json(body).into_response(),
    )
}

fn not_found(path: &str) -> Response {
    problem(
        StatusCode::NOT_FOUND,
        20404,
        &format!("The requested resource {path} was not found"),
    )
}

pub(crate) fn rate_limited(seconds: u64) -> Response {
    let mut response = problem(StatusCode::TOO_MANY_REQUESTS, 20429, "Too Many Requests");
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn problem(status: StatusCode, code: u32, message: &str) -> Response {
    let more_info = format!("https://www.twilio.com/docs/errors/{code}");
    let body = json!({"code": code, "message": message, "more_info": more_info, "status": status.as_u16()});
    (status, Json(body)).into_response()
}
