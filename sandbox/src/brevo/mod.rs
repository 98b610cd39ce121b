//! Brevo's transactional e-mail: `POST /smtp/email` with an idempotency key, and the webhook.

mod attachment;
mod delivery;
mod email;
pub(crate) mod keys;
mod operations;
mod record;

pub(crate) use delivery::resume_emails;
pub(crate) use email::Email;
pub(crate) use operations::OPERATIONS;
pub(crate) use record::BrevoRecord;

use std::collections::BTreeMap;

use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router, body::Bytes};
use serde_json::{Value, json};

use crate::state::Sandbox;
use keys::BREVO_API_KEY;

/// E-mails in the order in which they were accepted.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) emails: Vec<Email>,
    by_id: BTreeMap<String, usize>,
    by_key: BTreeMap<String, usize>,
}

impl State {
    pub(crate) fn put_email(&mut self, email: Email) {
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

    pub(crate) fn find_email(&self, id: &str) -> Option<&Email> {
        self.by_id.get(id).map(|at| &self.emails[*at])
    }

    fn find_email_mut(&mut self, id: &str) -> Option<&mut Email> {
        self.by_id.get(id).map(|at| &mut self.emails[*at])
    }
}

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/v3/smtp/email", post(send_email))
        .layer(from_fn(authenticate))
}

async fn authenticate(request: Request, next: Next) -> Response {
    match request.headers().get("api-key").map(HeaderValue::as_bytes) {
        Some(key) if key == BREVO_API_KEY.as_bytes() => next.run(request).await,
        Some(_) => problem_response(StatusCode::UNAUTHORIZED, "unauthorized", "Key not found"),
        None => problem_response(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "authentication not found in headers",
        ),
    }
}

async fn send_email(Shared(sandbox): Shared<Sandbox>, body: Bytes) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return problem_response(
            StatusCode::BAD_REQUEST,
            "bad_request",
            "Input must be a valid JSON object",
        );
    };
    let email = match Email::from_request(&body) {
        Ok(email) => email,
        Err((code, text)) => return problem_response(StatusCode::BAD_REQUEST, code, text),
    };
    let (id, is_new) = sandbox.with_data(|data| {
        let known = email
            .idempotency_key
            .as_ref()
            .and_then(|key| data.states.brevo.by_key.get(key));
        if let Some(at) = known {
            return (data.states.brevo.emails[*at].message_id.clone(), false);
        }
        let id = email.message_id.clone();
        data.keep_record(BrevoRecord::Email, &email);
        data.states.brevo.put_email(email);
        (id, true)
    });
    if is_new {
        crate::task::spawn_named("e-mail", delivery::run_delivery(sandbox, id.clone()));
    }
    (
        StatusCode::CREATED,
        rate_limit_headers(999, 1),
        Json(json!({ "messageId": id })),
    )
        .into_response()
}

fn rate_limit_headers(remaining: u64, reset: u64) -> HeaderMap {
    let pairs = [("limit", 1000), ("remaining", remaining), ("reset", reset)];
    let header =
        |name: &str| axum::http::HeaderName::try_from(format!("x-sib-ratelimit-{name}")).ok();
    pairs
        .iter()
        .filter_map(|(name, value)| Some((header(name)?, HeaderValue::from(*value))))
        .collect()
}

/// Returns the body of an injected error.
pub(crate) fn default_error_body() -> Value {
    json!({"code": "bad_request", "message": "Injected fault"})
}

/// Brevo sends the wait in its own header, and no `Retry-After`.
pub(crate) fn rate_limit_response(seconds: u64) -> Response {
    let body = json!({"code": "too_many_requests", "message": "Rate limit exceeded"});
    (
        StatusCode::TOO_MANY_REQUESTS,
        rate_limit_headers(0, seconds),
        Json(body),
    )
        .into_response()
}

fn problem_response(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "code": code, "message": message }))).into_response()
}
