//! The layers of every route: request id, span, trace context, time limit, the rejection of NUL
//! bytes, panics and errors as problems, one log line, and the HTTP metrics.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use platform::ids::Uuid;
use platform::telemetry::TraceContext;
use tracing::Instrument as _;

use crate::codes::ErrorCode;
use crate::error::Error;
use crate::problem::write_problem;

const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Applies to all routes except uploads and streams, which have limits of their own.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The id that ties a request to its logs, its audit rows and its jobs.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

impl RequestId {
    /// Returns the caller's own id if it is well-formed, else a new one.
    fn from_headers(headers: &HeaderMap) -> Self {
        let is_well_formed = |id: &str| {
            (1..=128).contains(&id.len())
                && id
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
        };
        let sent = headers
            .get(REQUEST_ID_HEADER)
            .and_then(|v| v.to_str().ok())
            .filter(|id| is_well_formed(id));
        Self(sent.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned))
    }
}

/// The outermost layer: identifies, traces, logs and counts a request.
pub(crate) async fn observe_request(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let request_id = RequestId::from_headers(request.headers());
    let method = method_label(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unmatched", MatchedPath::as_str)
        .to_owned();
    let traceparent = request
        .headers()
        .get("traceparent")
        .and_then(|v| v.to_str().ok());
    let trace = TraceContext::of_request(request_id.0.clone(), traceparent);
    let span = tracing::info_span!(
        "request",
        request_id = %request_id.0,
        trace_id = trace.trace_id(),
        method,
        route,
    );
    request.extensions_mut().insert(request_id.clone());

    let handle = async {
        let result = AssertUnwindSafe(reject_nul_bytes(request, next))
            .catch_unwind()
            .await;
        let response =
            result.unwrap_or_else(|panic| Error::internal(describe_panic(&*panic)).into_response());
        let response = finish_response(response, &request_id);
        let (status, took_ms) = (response.status().as_u16(), started.elapsed().as_millis());
        // Probes come every few seconds.
        if route.starts_with("/health") {
            tracing::debug!(status, took_ms, "request handled");
        } else {
            tracing::info!(status, took_ms, "request handled");
        }
        response
    };
    let response = trace.scope(handle.instrument(span)).await;
    record_metrics(method, route, response.status(), started.elapsed());
    response
}

/// Stops a request that exceeds the limit.
pub(crate) async fn limit_time(
    State(limit): State<Duration>,
    request: Request,
    next: Next,
) -> Response {
    tokio::time::timeout(limit, next.run(request))
        .await
        .unwrap_or_else(|_| {
            Error::new(ErrorCode::TimedOut, "the request took more than 30 seconds").into_response()
        })
}

/// Rejects NUL bytes in the path and the query, because no Postgres text can hold them.
async fn reject_nul_bytes(request: Request, next: Next) -> Response {
    let uri = request.uri();
    if uri.path().contains("%00") || uri.query().is_some_and(|query| query.contains("%00")) {
        return Error::invalid_field("", "nul_byte", "NUL bytes are not accepted").into_response();
    }
    next.run(request).await
}

fn finish_response(mut response: Response, request_id: &RequestId) -> Response {
    if let Some(error) = response.extensions_mut().remove::<Error>() {
        write_problem(&mut response, &error, request_id);
    }
    if let Ok(value) = HeaderValue::from_str(&request_id.0) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    response
}

fn record_metrics(method: &'static str, route: String, status: StatusCode, took: Duration) {
    metrics::histogram!("vigie_http_request_seconds", "method" => method, "route" => route.clone())
        .record(took.as_secs_f64());
    metrics::counter!(
        "vigie_http_requests_total",
        "method" => method,
        "route" => route,
        "status" => status.as_u16().to_string(),
    )
    .increment(1);
}

/// Returns one of a closed set: a caller may send any word as a method, and each would become a
/// time series.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn describe_panic(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("handler panicked: {}", text.unwrap_or("without a message"))
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::body::to_bytes;
    use axum::middleware::{from_fn, from_fn_with_state};
    use axum::routing::get;
    use serde_json::Value;
    use tower::ServiceExt as _;

    use super::*;

    async fn send_request(router: Router, request_id: &str) -> (StatusCode, Value) {
        let request = Request::get("/")
            .header(REQUEST_ID_HEADER, request_id)
            .body(Body::empty())
            .unwrap();
        let response = router
            .layer(from_fn(observe_request))
            .oneshot(request)
            .await
            .unwrap();
        assert_eq!(response.headers()[REQUEST_ID_HEADER], request_id);
        let status = response.status();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_panic_and_a_failure_expose_only_the_request_id() {
        async fn panic_with_secret() -> StatusCode {
            panic!("with a secret");
        }
        async fn fail_with_secret() -> Error {
            Error::internal("a secret cause")
        }
        for router in [
            Router::new().route("/", get(panic_with_secret)),
            Router::new().route("/", get(fail_with_secret)),
        ] {
            let (status, body) = send_request(router, "r-1").await;
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(
                (&body["code"], &body["request_id"]),
                (&"internal".into(), &"r-1".into())
            );
            assert!(!body.to_string().contains("secret"), "{body}");
        }
    }

    #[tokio::test]
    async fn a_request_that_exceeds_the_time_limit_is_stopped() {
        let router = Router::new()
            .route("/", get(std::future::pending::<StatusCode>))
            .layer(from_fn_with_state(Duration::from_millis(1), limit_time));
        let (status, body) = send_request(router, "r-2").await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::GATEWAY_TIMEOUT, &"timed_out".into())
        );
    }
}
