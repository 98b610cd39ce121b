//! Brevo's refusals as data: by status first, by error code where one status has several causes.

use serde::Deserialize;

use crate::error::{Class, ProviderError};
use crate::http::{Answer, Call};

const CODES: &[(&str, Class)] = &[
    ("account_under_validation", Class::Misconfigured),
    ("duplicate_request", Class::AlreadyDone),
    ("not_enough_credits", Class::Misconfigured),
    ("permission_denied", Class::Misconfigured),
    ("unauthorized", Class::Misconfigured),
];

/// Brevo answers `invalid_parameter` to a wrong recipient, too; only its text tells.
const RECIPIENT_HINTS: [&str; 3] = [
    "email is not valid in to",
    "email is invalid in to",
    "to email",
];

#[derive(Default, Deserialize)]
struct Problem {
    code: Option<String>,
    message: Option<String>,
}

pub(super) fn refusal(call: &Call, answer: &Answer) -> ProviderError {
    let problem: Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = problem.code.as_deref().unwrap_or_default();
    let text = problem
        .message
        .as_deref()
        .unwrap_or_default()
        .to_lowercase();
    let known = CODES
        .iter()
        .find(|(name, _)| *name == code)
        .map(|(_, class)| *class);
    let class = match (answer.status, known) {
        (429, _) => Class::RateLimited,
        (500.. | 408, _) => call.cut_off(),
        (_, Some(class)) => class,
        (401..=403, None) => Class::Misconfigured,
        _ if RECIPIENT_HINTS.iter().any(|hint| text.contains(hint)) => Class::Recipient,
        _ => Class::Permanent,
    };
    let mut error = answer.error(call, class, problem.message.as_deref());
    error.code.clone_from(&problem.code);
    if class == Class::RateLimited {
        error.retry_after = answer.seconds("x-sib-ratelimit-reset");
    }
    error
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::refusal;
    use crate::error::{Class, Provider};
    use crate::http::{Answer, Call, Effect};

    const SEND: Call = Call {
        provider: Provider::Brevo,
        operation: "send_email",
        effect: Effect::Once,
    };

    #[test]
    fn each_refusal_asks_for_one_thing() {
        let cases = [
            (
                400,
                r#"{"code":"invalid_parameter","message":"subject is missing"}"#,
                Class::Permanent,
            ),
            (
                400,
                r#"{"code":"invalid_parameter","message":"email is not valid in to"}"#,
                Class::Recipient,
            ),
            (
                400,
                r#"{"code":"duplicate_request","message":"already received"}"#,
                Class::AlreadyDone,
            ),
            (
                401,
                r#"{"code":"unauthorized","message":"Key not found"}"#,
                Class::Misconfigured,
            ),
            (
                402,
                r#"{"code":"not_enough_credits","message":"no credit"}"#,
                Class::Misconfigured,
            ),
            (403, "", Class::Misconfigured),
            (500, "<html>oops</html>", Class::Unknown),
        ];
        for (status, body, class) in cases {
            let answer = Answer {
                status,
                headers: HeaderMap::new(),
                body: body.as_bytes().to_vec().into(),
            };
            assert_eq!(refusal(&SEND, &answer).class, class, "{status} {body}");
        }
    }

    #[test]
    fn the_wait_comes_from_brevos_own_header() {
        let mut headers = HeaderMap::new();
        headers.insert("x-sib-ratelimit-reset", HeaderValue::from_static("12"));
        let error = refusal(
            &SEND,
            &Answer {
                status: 429,
                headers,
                body: "".into(),
            },
        );
        assert_eq!(error.class, Class::RateLimited);
        assert_eq!(error.retry_after.map(|wait| wait.as_secs()), Some(12));
    }
}
