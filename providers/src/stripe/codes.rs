//! Stripe's refusals. `Stripe-Should-Retry` wins over the status, as in Stripe's own libraries.

use serde::Deserialize;

use crate::error::{Class, ProviderError};
use crate::http::{Answer, Call};

#[rustfmt::skip]
const STATUSES: &[(u16, Class)] = &[
    (400, Class::Permanent),
    (401, Class::Misconfigured), // wrong key
    (402, Class::Permanent),     // the card
    (403, Class::Misconfigured), // the key may not do it
    (404, Class::Permanent),
    (409, Class::Retry),         // the same key is in use right now
    (424, Class::Retry),
    (429, Class::RateLimited),
];

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Problem,
}

#[derive(Default, Deserialize)]
struct Problem {
    code: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    message: Option<String>,
}

pub(super) fn refusal(call: &Call, answer: &Answer) -> ProviderError {
    let problem = serde_json::from_slice::<Body>(&answer.body)
        .unwrap_or_default()
        .error;
    let by_status = STATUSES
        .iter()
        .find(|(status, _)| *status == answer.status)
        .map(|(_, class)| *class);
    let class = match (answer.header("stripe-should-retry"), by_status) {
        (Some("false"), Some(Class::Retry | Class::RateLimited) | None) => Class::Permanent,
        (Some("true"), Some(Class::RateLimited)) => Class::RateLimited,
        (Some("true"), _) => Class::Retry,
        (_, Some(class)) => class,
        (_, None) if answer.status >= 500 => call.cut_off(),
        (_, None) => Class::Permanent,
    };
    let mut error = answer.error(call, class, problem.message.as_deref());
    error.code = problem.code.or(problem.kind);
    error.retry_after = answer.seconds("retry-after");
    error.trace = answer.header("request-id").map(ToOwned::to_owned);
    error
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::refusal;
    use crate::error::{Class, Provider};
    use crate::http::{Answer, Call, Effect};

    const CALL: Call = Call {
        provider: Provider::Stripe,
        operation: "create_checkout_session",
        effect: Effect::Repeatable,
    };

    #[test]
    fn the_should_retry_header_wins_over_the_status() {
        let cases = [
            (500, None, Class::Retry),
            (500, Some("false"), Class::Permanent),
            (400, None, Class::Permanent),
            (400, Some("true"), Class::Retry),
            (409, None, Class::Retry),
            (409, Some("false"), Class::Permanent),
            (429, None, Class::RateLimited),
            (429, Some("true"), Class::RateLimited),
            (401, None, Class::Misconfigured),
            (401, Some("false"), Class::Misconfigured),
            (402, None, Class::Permanent),
        ];
        for (status, header, class) in cases {
            let mut headers = HeaderMap::new();
            if let Some(value) = header {
                headers.insert("stripe-should-retry", HeaderValue::from_static(value));
            }
            let answer = Answer {
                status,
                headers,
                body: "".into(),
            };
            assert_eq!(refusal(&CALL, &answer).class, class, "{status} {header:?}");
        }
    }

    #[test]
    fn the_code_is_kept_and_the_key_is_not() {
        let body = r#"{"error":{"type":"invalid_request_error","message":"Invalid API Key provided: sk_live_1"}}"#;
        let error = refusal(
            &CALL,
            &Answer {
                status: 401,
                headers: HeaderMap::new(),
                body: body.into(),
            },
        );
        assert_eq!(error.code.as_deref(), Some("invalid_request_error"));
        assert!(!error.excerpt.contains("sk_live"));
    }
}
