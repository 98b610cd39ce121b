//! The body of a problem: RFC 9457, with our code, the fields and the request's id.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;

use crate::error::Error;
use crate::middleware::RequestId;

#[derive(Serialize)]
struct ProblemResponse<'a> {
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

/// Replaces the body of `response` with the problem, and logs the cause of a failure.
pub(crate) fn write_problem(response: &mut Response, error: &Error, request_id: &RequestId) {
    let problem = error.problem();
    if let Some(cause) = &problem.cause {
        tracing::error!(
            code = problem.code.name(),
            cause = &**cause as &dyn std::error::Error,
            "request failed"
        );
    }
    let body = ProblemResponse {
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
