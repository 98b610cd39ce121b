//! Meta's error codes as data: code ranges, then the subcodes that change what a code means.

use std::ops::RangeInclusive;

use serde::Deserialize;

use super::usage::Usage;
use crate::error::{Class, ProviderError};
use crate::http::{Answer, Call};

#[rustfmt::skip]
const CODES: &[(RangeInclusive<i64>, Class)] = &[
    (1..=2, Class::Retry),
    (3..=3, Class::Misconfigured),       // the app can't do this
    (4..=4, Class::RateLimited),         // app
    (10..=10, Class::Misconfigured),     // permission
    (17..=17, Class::RateLimited),       // user
    (32..=32, Class::RateLimited),       // page
    (102..=102, Class::NeedsReauth),
    (104..=104, Class::Retry),
    (190..=190, Class::NeedsReauth),
    (200..=299, Class::Misconfigured),   // permission
    (368..=368, Class::Misconfigured),   // blocked for policy: a person has to look
    (613..=613, Class::RateLimited),     // custom
    (960..=960, Class::Retry),           // batch timed out
    (80_000..=80_014, Class::RateLimited), // per use case
];

const SUBCODES: &[(i64, i64, Class)] = &[(100, 1_487_534, Class::TooMuchData)];

/// A subcode that is passing under any code.
const PASSING_SUBCODE: i64 = 99;

/// "Object doesn't exist", which a run is for a moment after its start.
const NOT_VISIBLE_YET: i64 = 33;
const RUN_OPERATIONS: [&str; 2] = ["poll_report", "read_report"];

/// Texts of an HTTP 500 that ask for less; the second one only where a page is read.
const TOO_MUCH: &str = "reduce the amount of data";
const TOO_MUCH_FOR_A_PAGE: &str = "an unknown error occurred";

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Problem,
}

#[derive(Default, Deserialize)]
struct Problem {
    code: Option<i64>,
    error_subcode: Option<i64>,
    message: Option<String>,
    #[serde(default)]
    is_transient: bool,
    fbtrace_id: Option<String>,
}

/// The class of an error code; an unknown one is `Permanent`.
pub(super) fn class_of(code: i64, subcode: Option<i64>) -> Class {
    if subcode == Some(PASSING_SUBCODE) {
        return Class::Retry;
    }
    let by_subcode = SUBCODES
        .iter()
        .find(|(c, s, _)| *c == code && Some(*s) == subcode)
        .map(|(.., class)| *class);
    let by_code = || {
        CODES
            .iter()
            .find(|(range, _)| range.contains(&code))
            .map(|(_, class)| *class)
    };
    by_subcode.or_else(by_code).unwrap_or(Class::Permanent)
}

pub(super) fn label(code: i64, subcode: Option<i64>) -> String {
    subcode.map_or_else(|| code.to_string(), |subcode| format!("{code}/{subcode}"))
}

pub(super) fn refusal(call: &Call, answer: &Answer) -> ProviderError {
    let problem = serde_json::from_slice::<Body>(&answer.body)
        .unwrap_or_default()
        .error;
    let class = classify(call, answer.status, &problem);
    let mut error = answer.error(call, class, problem.message.as_deref());
    error.code = problem.code.map(|code| label(code, problem.error_subcode));
    error.trace = problem.fbtrace_id;
    if class == Class::RateLimited {
        error.retry_after = Usage::read(&answer.headers)
            .regain
            .or_else(|| answer.seconds("retry-after"));
    }
    error
}

fn classify(call: &Call, status: u16, problem: &Problem) -> Class {
    let text = problem
        .message
        .as_deref()
        .unwrap_or_default()
        .to_lowercase();
    let page = call.operation == "read_report";
    if status == 500 && (text.contains(TOO_MUCH) || page && text.contains(TOO_MUCH_FOR_A_PAGE)) {
        return Class::TooMuchData;
    }
    if problem.error_subcode == Some(NOT_VISIBLE_YET) && RUN_OPERATIONS.contains(&call.operation) {
        return Class::Retry;
    }
    let by_code = problem
        .code
        .map(|code| class_of(code, problem.error_subcode));
    match by_code {
        Some(class) if class != Class::Permanent => class,
        _ if problem.is_transient || status >= 500 => call.cut_off(),
        _ if status == 429 => Class::RateLimited,
        _ if status == 401 && problem.code.is_none() => Class::NeedsReauth,
        _ => Class::Permanent,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;
    use serde_json::json;

    use super::refusal;
    use crate::error::{Class, Provider, ProviderError};
    use crate::http::{Answer, Call, Effect};

    fn refused(operation: &'static str, status: u16, error: &serde_json::Value) -> ProviderError {
        let call = Call {
            provider: Provider::Meta,
            operation,
            effect: Effect::Repeatable,
        };
        let body = json!({ "error": error }).to_string().into();
        refusal(
            &call,
            &Answer {
                status,
                headers: HeaderMap::new(),
                body,
            },
        )
    }

    #[test]
    fn each_code_asks_for_one_thing() {
        let cases = [
            (400, json!({"code": 1}), Class::Retry),
            (400, json!({"code": 960}), Class::Retry),
            (400, json!({"code": 100, "error_subcode": 99}), Class::Retry),
            (
                400,
                json!({"code": 999, "is_transient": true}),
                Class::Retry,
            ),
            (503, json!({}), Class::Retry),
            (
                400,
                json!({"code": 17, "is_transient": true}),
                Class::RateLimited,
            ),
            (400, json!({"code": 80000}), Class::RateLimited),
            (400, json!({"code": 80014}), Class::RateLimited),
            (
                400,
                json!({"code": 100, "error_subcode": 1_487_534}),
                Class::TooMuchData,
            ),
            (
                500,
                json!({"code": 1, "message": "Please reduce the amount of data you're asking for"}),
                Class::TooMuchData,
            ),
            (
                400,
                json!({"code": 190, "error_subcode": 463}),
                Class::NeedsReauth,
            ),
            (400, json!({"code": 102}), Class::NeedsReauth),
            (403, json!({"code": 200}), Class::Misconfigured),
            (400, json!({"code": 368}), Class::Misconfigured),
            (400, json!({"code": 100}), Class::Permanent),
        ];
        for (status, error, class) in cases {
            assert_eq!(
                refused("start_report", status, &error).class,
                class,
                "{status} {error}"
            );
        }
    }

    #[test]
    fn an_unknown_object_is_only_passing_for_a_run() {
        let error = json!({"code": 100, "error_subcode": 33, "fbtrace_id": "A1"});
        assert_eq!(refused("poll_report", 400, &error).class, Class::Retry);
        let refused = refused("start_report", 400, &error);
        assert_eq!(
            (
                refused.class,
                refused.code.as_deref(),
                refused.trace.as_deref()
            ),
            (Class::Permanent, Some("100/33"), Some("A1"))
        );
    }
}
