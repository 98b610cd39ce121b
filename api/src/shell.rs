//! What every request goes through, whatever its route: an id, a span, a trace context, a time
//! limit, one log line for what failed, problems written out, and the HTTP metrics.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use platform::ids::Uuid;
use platform::telemetry::TraceContext;
use serde::Serialize;
use tracing::Instrument as _;

use crate::codes::ErrorCode;
use crate::error::Error;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// For all routes but uploads and streams, which have limits of their own.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The id that ties a request to its logs, its audit rows and its jobs.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

impl RequestId {
    /// The caller's own id where it is sane, else a new one.
    fn of(headers: &HeaderMap) -> Self {
        let is_sane = |id: &str| {
            (1..=128).contains(&id.len())
                && id
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
        };
        let given = headers
            .get(REQUEST_ID)
            .and_then(|v| v.to_str().ok())
            .filter(|id| is_sane(id));
        Self(given.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned))
    }
}

/// The outermost layer.
pub(crate) async fn observe(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let request_id = RequestId::of(request.headers());
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
    let span = tracing::info_span!("request", request_id = %request_id.0, trace_id = trace.trace_id(), method, route);
    request.extensions_mut().insert(request_id.clone());

    let answer = async {
        let answer = AssertUnwindSafe(guarded(request, next))
            .catch_unwind()
            .await;
        let response =
            answer.unwrap_or_else(|panic| Error::internal(describe_panic(&*panic)).into_response());
        let response = finish(response, &request_id);
        let (status, took_ms) = (response.status().as_u16(), started.elapsed().as_millis());
        // Probes come every few seconds.
        if route.starts_with("/health") {
            tracing::debug!(status, took_ms, "answered");
        } else {
            tracing::info!(status, took_ms, "answered");
        }
        response
    };
    let response = trace.scope(answer.instrument(span)).await;
    count(method, route, response.status(), started.elapsed());
    response
}

/// Ends a request that takes too long.
pub(crate) async fn limit_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(TIME_LIMIT, next.run(request))
        .await
        .unwrap_or_else(|_| {
            Error::new(ErrorCode::TimedOut, "the request took more than 30 seconds").into_response()
        })
}

/// NUL bytes reach neither a path nor a query: Postgres can't hold them.
async fn guarded(request: Request, next: Next) -> Response {
    let uri = request.uri();
    if uri.path().contains("%00") || uri.query().is_some_and(|query| query.contains("%00")) {
        return Error::invalid_field("", "nul_byte", "NUL bytes are not accepted").into_response();
    }
    next.run(request).await
}

#[derive(Serialize)]
struct Body9457<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [domain::FieldError],
    request_id: &'a str,
}

fn finish(mut response: Response, request_id: &RequestId) -> Response {
    if let Some(error) = response.extensions_mut().remove::<Error>() {
        write_problem(&mut response, &error, request_id);
    }
    if let Ok(value) = HeaderValue::from_str(&request_id.0) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

fn write_problem(response: &mut Response, error: &Error, request_id: &RequestId) {
    let problem = error.problem();
    if let Some(cause) = &problem.cause {
        tracing::error!(
            code = problem.code.name(),
            cause = &**cause as &dyn std::error::Error,
            "request failed"
        );
    }
    let body = Body9457 {
        r#type: format!("urn:vigie:problem:{}", problem.code.name()),
        title: problem.code.title(),
        status: problem.code.status().as_u16(),
        code: problem.code.name(),
        detail: &problem.detail,
        errors: &problem.errors,
        request_id: &request_id.0,
    };
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    *response.body_mut() = Body::from(bytes);
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if let Some(seconds) = problem.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.code.status() == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
}

fn count(method: &'static str, route: String, status: StatusCode, took: Duration) {
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

/// A closed set: a caller could send any word as a method, and each would be a time series.
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
    use axum::body::to_bytes;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use serde_json::Value;
    use tower::ServiceExt as _;

    use super::*;

    async fn answer(router: Router, request_id: &str) -> (StatusCode, Value) {
        let request = Request::get("/")
            .header(REQUEST_ID, request_id)
            .body(Body::empty())
            .unwrap();
        let response = router
            .layer(from_fn(observe))
            .oneshot(request)
            .await
            .unwrap();
        assert_eq!(response.headers()[REQUEST_ID], request_id);
        let status = response.status();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_panic_and_a_failure_say_no_more_than_the_request_s_id() {
        async fn panics() -> StatusCode {
            panic!("with a secret");
        }
        async fn fails() -> Error {
            Error::internal("a secret cause")
        }
        for router in [
            Router::new().route("/", get(panics)),
            Router::new().route("/", get(fails)),
        ] {
            let (status, body) = answer(router, "r-1").await;
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(
                (&body["code"], &body["request_id"]),
                (&"internal".into(), &"r-1".into())
            );
            assert!(!body.to_string().contains("secret"), "{body}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_never_ends_is_ended() {
        let router = Router::new()
            .route("/", get(std::future::pending::<StatusCode>))
            .layer(from_fn(limit_time));
        let (status, body) = answer(router, "r-2").await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::GATEWAY_TIMEOUT, &"timed_out".into())
        );
    }
}
