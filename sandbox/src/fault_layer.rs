//! The middleware before all providers: it counts each call and applies the fault that matches.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::faults::Fault;
use crate::operation::find_operation;
use crate::state::Sandbox;

/// Marks a response that is not sent: the server drops the connection instead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DropConnection;

pub(crate) async fn inject_faults(
    State(sandbox): State<Sandbox>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let Some(operation) = find_operation(request.method(), &path) else {
        return next.run(request).await;
    };
    let key = request
        .headers()
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok())
        .map(ToOwned::to_owned);
    match sandbox.register_call(operation, request.method(), &path) {
        None | Some(Fault::Duplicate | Fault::Reverse) => next.run(request).await,
        Some(Fault::Status { code, body }) => {
            let body = body.unwrap_or_else(|| operation.provider.default_error_body(code));
            if let Some(key) = key {
                let provider = operation.provider;
                provider.record_error(&sandbox, &key, code, &body);
            }
            error_response(code, body)
        }
        Some(Fault::RateLimit { retry_after }) => {
            operation.provider.rate_limit_response(retry_after)
        }
        Some(Fault::Drop) => drop_connection(),
        Some(Fault::LatencyMs(ms)) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            next.run(request).await
        }
        Some(Fault::TimeoutBefore { hold_ms }) => {
            tokio::time::sleep(Duration::from_millis(hold_ms)).await;
            drop_connection()
        }
        Some(Fault::TimeoutAfter { hold_ms }) => {
            let _unsent = next.run(request).await;
            tokio::time::sleep(Duration::from_millis(hold_ms)).await;
            drop_connection()
        }
    }
}

fn drop_connection() -> Response {
    let mut response = StatusCode::IM_A_TEAPOT.into_response();
    response.extensions_mut().insert(DropConnection);
    response
}

fn error_response(code: u16, body: Value) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match body {
        Value::String(text) => (status, text).into_response(),
        body => (status, Json(body)).into_response(),
    }
}
