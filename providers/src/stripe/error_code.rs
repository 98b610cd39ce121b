//! Stripe's errors. `Stripe-Should-Retry` overrides the status, as in Stripe's own libraries.

use serde::Deserialize;

use crate::error::Class;
use crate::response::{Rejection, Response};

#[rustfmt::skip]
const STATUSES: &[(u16, Class)] = &[
    (400, Class::Permanent),
    (401, Class::Misconfigured), // wrong key
    (402, Class::Permanent),     // the card was declined
    (403, Class::Misconfigured), // the key lacks the permission
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

pub(super) fn classify_error(response: &Response) -> Rejection {
    let problem = response.rejection_body::<Body>().error;
    Rejection {
        class: class_of(response),
        code: problem.code.or(problem.kind),
        message: problem.message,
        retry_after: response.header_seconds("retry-after"),
        trace: response.header("request-id").map(ToOwned::to_owned),
    }
}

fn class_of(response: &Response) -> Class {
    let by_status = STATUSES
        .iter()
        .find(|(status, _)| *status == response.status)
        .map(|(_, class)| *class);
    match (response.header("stripe-should-retry"), by_status) {
        (Some("false"), Some(Class::Retry | Class::RateLimited) | None) => Class::Permanent,
        (Some("true"), Some(Class::RateLimited)) => Class::RateLimited,
        (Some("true"), _) => Class::Retry,
        (_, Some(class)) => class,
        (_, None) if response.status >= 500 => Class::of_interrupted(response.operation),
        (_, None) => Class::Permanent,
    }
}

#[cfg(test)]
mod tests {
    use super::classify_error;
    use crate::error::Class;
    use crate::provider::Operation;
    use crate::response::Response;
    use crate::stripe::StripeOperation;

    const CREATE: Operation = Operation::Stripe(StripeOperation::CreateCheckoutSession);

    #[test]
    fn the_should_retry_header_overrides_the_status() {
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
            let mut response = Response::for_test(CREATE, status, "");
            if let Some(value) = header {
                response = response.with_header("stripe-should-retry", value);
            }
            assert_eq!(
                classify_error(&response).class,
                class,
                "{status} {header:?}"
            );
        }
    }

    #[test]
    fn an_error_keeps_the_code_but_not_the_key() {
        let body = r#"{"error":{"type":"invalid_request_error",
            "message":"Invalid API Key provided: sk_live_1"}}"#;
        let response = Response::for_test(CREATE, 401, body);
        let rejection = classify_error(&response);
        let error = response.into_error(rejection);
        assert_eq!(error.code.as_deref(), Some("invalid_request_error"));
        assert!(!error.excerpt.contains("sk_live"));
    }
}
