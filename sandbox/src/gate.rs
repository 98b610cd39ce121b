//! What every call to a provider passes: it is counted, and a fault may strike it.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::operations;
use crate::state::Sandbox;
use crate::{brevo, meta, stripe, twilio};

/// Marks an answer that must not be given: the connection is cut instead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HangUp;

pub(crate) async fn gate(State(sandbox): State<Sandbox>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let Some(operation) = operations::of(request.method(), &path) else {
        return next.run(request).await;
    };
    let key = request
        .headers()
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok())
        .map(ToOwned::to_owned);
    match sandbox.strike(operation, request.method(), &path) {
        None | Some(Fault::Duplicate | Fault::Reverse) => next.run(request).await,
        Some(Fault::Status { code, body }) => {
            let body = body.unwrap_or_else(|| own_words(operation.provider, code));
            if let Some(key) = key.filter(|_| operation.provider == "stripe" && code >= 500) {
                stripe::remember_failure(&sandbox, &key, code, body.clone());
            }
            refusal(code, body)
        }
        Some(Fault::RateLimit { retry_after }) => rate_limit(operation.provider, retry_after),
        Some(Fault::Drop) => hang_up(),
        Some(Fault::LatencyMs(ms)) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            next.run(request).await
        }
        Some(Fault::TimeoutBefore { hold_ms }) => {
            tokio::time::sleep(Duration::from_millis(hold_ms)).await;
            hang_up()
        }
        Some(Fault::TimeoutAfter { hold_ms }) => {
            let _done = next.run(request).await;
            tokio::time::sleep(Duration::from_millis(hold_ms)).await;
            hang_up()
        }
    }
}

fn hang_up() -> Response {
    let mut response = StatusCode::IM_A_TEAPOT.into_response();
    response.extensions_mut().insert(HangUp);
    response
}

fn refusal(code: u16, body: Value) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match body {
        Value::String(text) => (status, text).into_response(),
        body => (status, Json(body)).into_response(),
    }
}

fn own_words(provider: &str, code: u16) -> Value {
    match provider {
        "twilio" => {
            json!({"code": 20_000 + u32::from(code), "message": "Injected fault", "status": code})
        }
        "stripe" => json!({"error": {"type": "api_error", "message": "Injected fault"}}),
        "meta" => {
            json!({"error": {"message": "Injected fault", "type": "OAuthException", "code": 2,
            "is_transient": code >= 500, "fbtrace_id": "Asandbox"}})
        }
        _ => json!({"code": "bad_request", "message": "Injected fault"}),
    }
}

fn rate_limit(provider: &str, seconds: u64) -> Response {
    match provider {
        "twilio" => twilio::rate_limited(seconds),
        "stripe" => stripe::rate_limited(seconds),
        "meta" => meta::rate_limited(seconds),
        _ => brevo::rate_limited(seconds),
    }
}
