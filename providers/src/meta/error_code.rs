//! Meta's error codes as data: code ranges, then the subcodes that change what a code means.

use std::ops::RangeInclusive;

use serde::Deserialize;

use super::MetaOperation;
use super::usage::Usage;
use crate::error::Class;
use crate::provider::Operation;
use crate::response::{Rejection, Response};

#[rustfmt::skip]
const CODES: &[(RangeInclusive<i64>, Class)] = &[
    (1..=2, Class::Retry),
    (3..=3, Class::Misconfigured),       // the app lacks the capability
    (4..=4, Class::RateLimited),         // app
    (10..=10, Class::Misconfigured),     // permission
    (17..=17, Class::RateLimited),       // user
    (32..=32, Class::RateLimited),       // page
    (102..=102, Class::NeedsReauth),
    (104..=104, Class::Retry),
    (190..=190, Class::NeedsReauth),
    (200..=299, Class::Misconfigured),   // permission
    (368..=368, Class::Misconfigured),   // blocked for policy: a person has to act
    (613..=613, Class::RateLimited),     // custom
    (960..=960, Class::Retry),           // batch timed out
    (80_000..=80_014, Class::RateLimited), // per use case
];

const SUBCODES: &[(i64, i64, Class)] = &[(100, 1_487_534, Class::TooMuchData)];

/// A subcode that means a passing failure under any code.
const PASSING_SUBCODE: i64 = 99;

/// "Object doesn't exist", which Meta returns for a run until it is visible.
const NO_OBJECT_SUBCODE: i64 = 33;

/// Texts of an HTTP 500 that mean too much data; the second one only where a page is read.
const TOO_MUCH_DATA_TEXT: &str = "reduce the amount of data";
const TOO_LARGE_PAGE_TEXT: &str = "an unknown error occurred";

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

/// Returns the class of an error code; an unknown code is `Permanent`.
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

/// The calls that Meta rejects after a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitScope {
    /// All calls of our app, whatever the token.
    App,
    /// Calls with the same token, whatever the ad account.
    Token,
    /// Calls for the same ad account.
    Account,
}

/// Returns the scope of a rate limit by its `code` or `code/subcode`.
#[must_use]
pub fn scope_of_limit(code: Option<&str>) -> LimitScope {
    match code.unwrap_or_default().split('/').next() {
        Some("4") => LimitScope::App,
        Some("17" | "32" | "613") => LimitScope::Token,
        _ => LimitScope::Account,
    }
}

/// Returns `code`, or `code/subcode`.
pub(super) fn format_code(code: i64, subcode: Option<i64>) -> String {
    subcode.map_or_else(|| code.to_string(), |subcode| format!("{code}/{subcode}"))
}

pub(super) fn classify_error(response: &Response) -> Rejection {
    let problem = response.rejection_body::<Body>().error;
    let class = class_of_problem(response.operation, response.status, &problem);
    let retry_after = (class == Class::RateLimited).then(|| {
        Usage::from_headers(&response.headers)
            .regain
            .or_else(|| response.header_seconds("retry-after"))
    });
    Rejection {
        class,
        code: problem
            .code
            .map(|code| format_code(code, problem.error_subcode)),
        message: problem.message,
        retry_after: retry_after.flatten(),
        trace: problem.fbtrace_id,
    }
}

fn class_of_problem(operation: Operation, status: u16, problem: &Problem) -> Class {
    let text = problem
        .message
        .as_deref()
        .unwrap_or_default()
        .to_lowercase();
    let reads_page = operation == Operation::Meta(MetaOperation::ReadReport);
    let reads_run = reads_page || operation == Operation::Meta(MetaOperation::PollReport);
    let is_too_large =
        text.contains(TOO_MUCH_DATA_TEXT) || reads_page && text.contains(TOO_LARGE_PAGE_TEXT);
    if status == 500 && is_too_large {
        return Class::TooMuchData;
    }
    if reads_run && problem.error_subcode == Some(NO_OBJECT_SUBCODE) {
        return Class::Retry;
    }
    let by_code = problem
        .code
        .map(|code| class_of(code, problem.error_subcode));
    match by_code {
        Some(class) if class != Class::Permanent => class,
        _ if problem.is_transient || status >= 500 => Class::of_interrupted(operation),
        _ if status == 429 => Class::RateLimited,
        _ if status == 401 && problem.code.is_none() => Class::NeedsReauth,
        _ => Class::Permanent,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::classify_error;
    use crate::error::Class;
    use crate::meta::MetaOperation::{self, PollReport, StartReport};
    use crate::provider::Operation;
    use crate::response::{Rejection, Response};

    fn reject(operation: MetaOperation, status: u16, error: &serde_json::Value) -> Rejection {
        let body = json!({ "error": error }).to_string();
        classify_error(&Response::for_test(
            Operation::Meta(operation),
            status,
            &body,
        ))
    }

    #[test]
    fn each_code_has_one_class() {
        let reduce = "Please reduce the amount of data you're asking for";
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
                json!({"code": 1, "message": reduce}),
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
            let rejection = reject(StartReport, status, &error);
            assert_eq!(rejection.class, class, "{status} {error}");
        }
    }

    #[test]
    fn an_unknown_object_is_a_passing_failure_only_for_a_run() {
        let error = json!({"code": 100, "error_subcode": 33, "fbtrace_id": "A1"});
        assert_eq!(reject(PollReport, 400, &error).class, Class::Retry);
        let rejection = reject(StartReport, 400, &error);
        assert_eq!(rejection.class, Class::Permanent);
        assert_eq!(rejection.code.as_deref(), Some("100/33"));
        assert_eq!(rejection.trace.as_deref(), Some("A1"));
    }
}
