//! The usage headers of Meta's responses, and its rate limit.

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{accounts, problem_response};
use crate::state::Sandbox;

/// Responds with the usage headers of the settings. They have two entries per account, as Meta's
/// may.
pub(super) fn with_usage_headers(sandbox: &Sandbox, body: Value) -> Response {
    let percent = sandbox.with_data(|data| data.settings.meta_usage_percent);
    (
        usage_headers(percent, u64::from(percent >= 100) * 5),
        Json(body),
    )
        .into_response()
}

fn usage_headers(percent: u32, minutes: u64) -> HeaderMap {
    let entry = |kind: &str, percent: u32, minutes: u64| {
        json!({
            "type": kind,
            "call_count": percent,
            "total_cputime": 1,
            "total_time": 1,
            "estimated_time_to_regain_access": minutes,
        })
    };
    let business = json!({
        accounts::DAKAR: [
            entry("ads_management", 1, 0),
            entry("ads_insights", percent, minutes),
        ],
    });
    let app = json!({"call_count": 1, "total_cputime": 1, "total_time": 1});
    [
        ("x-business-use-case-usage", business),
        ("x-app-usage", app),
    ]
    .into_iter()
    .filter_map(|(name, value)| {
        Some((
            HeaderName::from_static(name),
            HeaderValue::try_from(value.to_string()).ok()?,
        ))
    })
    .collect()
}

/// Responds with 400, and with the wait in minutes in a header, as Meta does.
pub(crate) fn rate_limit_response(seconds: u64) -> Response {
    let mut response = problem_response(
        80_000,
        None,
        "There have been too many calls to this ad-account.",
    );
    response
        .headers_mut()
        .extend(usage_headers(100, seconds.div_ceil(60)));
    response
}
