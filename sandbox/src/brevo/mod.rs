//! Brevo's transactional e-mail: `POST /smtp/email` with its idempotency key, and the webhook.

mod attachment;
mod email;
mod progress;

pub(crate) use email::Email;
pub(crate) use progress::resume;

use std::collections::BTreeMap;

use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router, body::Bytes};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::keys::BREVO_API_KEY;
use crate::state::Sandbox;

/// E-mails in the order of their sending.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) emails: Vec<Email>,
    by_id: BTreeMap<String, usize>,
    by_key: BTreeMap<String, usize>,
}

impl State {
    pub(crate) fn put(&mut self, email: Email) {
        if let Some(at) = self.by_id.get(&email.message_id) {
            self.emails[*at] = email;
            return;
        }
        let at = self.emails.len();
        self.by_id.insert(email.message_id.clone(), at);
        if let Some(key) = &email.idempotency_key {
            self.by_key.insert(key.clone(), at);
        }
        self.emails.push(email);
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Email> {
        self.by_id.get(id).map(|at| &self.emails[*at])
    }

    fn find_mut(&mut self, id: &str) -> Option<&mut Email> {
        self.by_id.get(id).map(|at| &mut self.emails[*at])
    }

    pub(crate) fn restore(&mut self, kind: &str, value: &Value) -> bool {
        kind == "email"
            && Email::deserialize(value)
                .map(|email| self.put(email))
                .is_ok()
    }
}

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/smtp/email", post(send))
        .layer(from_fn(authenticate))
}

async fn authenticate(request: Request, next: Next) -> Response {
    match request.headers().get("api-key").map(HeaderValue::as_bytes) {
        Some(key) if key == BREVO_API_KEY.as_bytes() => next.run(request).await,
        Some(_) => problem(StatusCode::UNAUTHORIZED, "unauthorized", "Key not found"),
        None => problem(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "authentication not found in headers",
        ),
    }
}

async fn send(Shared(sandbox): Shared<Sandbox>, body: Bytes) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return problem(
            StatusCode::BAD_REQUEST,
            "bad_request",
            "Input must be a valid JSON object",
        );
    };
    let email = match Email::accept(&body) {
        Ok(email) => email,
        Err((code, text)) => return problem(StatusCode::BAD_REQUEST, code, text),
    };
    let (id, new) = sandbox.with(|data| {
        let known = email
            .idempotency_key
            .as_ref()
            .and_then(|key| data.brevo.by_key.get(key));
        if let Some(at) = known {
            return (data.brevo.emails[*at].message_id.clone(), false);
        }
        let id = email.message_id.clone();
        data.keep("email", &email);
        data.brevo.put(email);
        (id, true)
    });
    if new {
        crate::task::spawn("e-mail", progress::run(sandbox, id.clone()));
    }
    (
        StatusCode::CREATED,
        limits(999, 1),
        Json(json!({ "messageId": id })),
    )
        .into_response()
}

fn limits(remaining: u64, reset: u64) -> HeaderMap {
    let pairs = [("limit", 1000), ("remaining", remaining), ("reset", reset)];
    let header =
        |name: &str| axum::http::HeaderName::try_from(format!("x-sib-ratelimit-{name}")).ok();
    pairs
        .iter()
        .filter_map(|(name, value)| Some((header(name)?, HeaderValue::from(*value))))
        .collect()
}

/// Brevo tells the wait in its own header and sends no `Retry-After`.
pub(crate) fn rate_limited(seconds: u64) -> Response {
    let body = json!({"code": "too_many_requests", "message": "Rate limit exceeded"});
    (
        StatusCode::TOO_MANY_REQUESTS,
        limits(0, seconds),
        Json(body),
    )
        .into_response()
}

fn problem(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "code": code, "message": message }))).into_response()
}
