//! Twilio's error codes as data. The codes are Twilio's, the classes ours. Twilio warns that the
//! code of a cause may change, so that an unknown code never permits another attempt.

use std::time::Duration;

use serde::Deserialize;

use crate::error::Class;
use crate::response::{Rejection, Response};

/// The class of each error code, in a response or in a status callback.
#[rustfmt::skip]
const CODES: &[(u32, Class)] = &[
    (20003, Class::Misconfigured), // wrong account or token
    (20008, Class::Misconfigured), // test credentials
    (20404, Class::Permanent),
    (20429, Class::RateLimited),
    (21211, Class::Recipient),     // not a phone number
    (21212, Class::Misconfigured), // not a sender
    (21602, Class::Permanent),     // no body
    (21603, Class::Misconfigured), // no sender
    (21604, Class::Permanent),     // no recipient
    (21606, Class::Misconfigured), // sender of another account
    (21609, Class::Misconfigured), // callback address
    (21610, Class::Recipient),     // opted out
    (21611, Class::RateLimited),   // queue full
    (21614, Class::Recipient),
    (21617, Class::Permanent),     // too long
    (21655, Class::Misconfigured), // template sid
    (21656, Class::Misconfigured), // template variables
    (30001, Class::RateLimited),   // queue overflow
    (30003, Class::Unreachable),   // switched off, or no network
    (30005, Class::Unreachable),   // unknown to its carrier, for now
    (30006, Class::Unreachable),   // a landline, or its carrier is away
    (30008, Class::Permanent),     // unknown, after sending
    (30036, Class::Expired),
    (63003, Class::Recipient),     // unknown to the channel
    (63005, Class::Permanent),     // content
    (63007, Class::Misconfigured), // unknown channel
    (63012, Class::Retry),         // the channel failed
    (63013, Class::Permanent),     // policy
    (63016, Class::WindowClosed),
    (63017, Class::RateLimited),
    (63018, Class::RateLimited),
    (63019, Class::Permanent),     // media
    (63021, Class::Retry),
    (63024, Class::Recipient),
    (63027, Class::Misconfigured), // template missing
    (63028, Class::Misconfigured),
    (63029, Class::Misconfigured),
    (63030, Class::Misconfigured),
    (63032, Class::Unreachable),   // in an experiment of the channel
    (63049, Class::Permanent),     // the channel chose not to deliver
];

/// How long a limit lasts where the response has no `Retry-After`.
const RATE_LIMIT_WAITS: &[(u32, Duration)] = &[
    (63018, Duration::from_secs(3600)),
    (21611, Duration::from_secs(60)),
    (30001, Duration::from_secs(60)),
];
/// Before another attempt at a message that failed for a passing reason.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);

#[derive(Default, Deserialize)]
struct Problem {
    code: Option<u32>,
    message: Option<String>,
}

/// Returns the class of an error code; an unknown code is `Permanent`.
#[must_use]
pub fn class_of(code: u32) -> Class {
    find_class(code).unwrap_or(Class::Permanent)
}

fn find_class(code: u32) -> Option<Class> {
    let mut codes = CODES.iter();
    codes
        .find(|(known, _)| *known == code)
        .map(|(_, class)| *class)
}

/// Returns the wait before another attempt at a message that failed with this code; `None` where
/// another attempt is not permitted.
#[must_use]
pub fn retry_wait(code: u32) -> Option<Duration> {
    let passes = matches!(class_of(code), Class::Retry | Class::RateLimited);
    passes.then(|| known_wait(code).unwrap_or(DEFAULT_WAIT))
}

fn known_wait(code: u32) -> Option<Duration> {
    RATE_LIMIT_WAITS
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, wait)| *wait)
}

pub(super) fn classify_error(response: &Response) -> Rejection {
    let problem: Problem = response.rejection_body();
    let class = match (response.status, problem.code.and_then(find_class)) {
        (429, _) => Class::RateLimited,
        (500.., _) => Class::of_interrupted(response.operation),
        (_, Some(class)) => class,
        (401..=403, None) => Class::Misconfigured,
        (_, None) => Class::Permanent,
    };
    let code_wait = problem.code.and_then(known_wait);
    Rejection {
        class,
        code: problem.code.map(|code| code.to_string()),
        message: problem.message,
        retry_after: response.header_seconds("retry-after").or(code_wait),
        trace: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{CODES, class_of, classify_error, retry_wait};
    use crate::error::Class;
    use crate::provider::Operation;
    use crate::response::Response;
    use crate::twilio::TwilioOperation;

    const CREATE: Operation = Operation::Twilio(TwilioOperation::CreateMessage);
    const LIST: Operation = Operation::Twilio(TwilioOperation::ListMessages);

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn each_code_has_one_class() {
        let cases = [
            (63016, Class::WindowClosed),
            (30003, Class::Unreachable),
            (30005, Class::Unreachable),
            (63032, Class::Unreachable),
            (63024, Class::Recipient),
            (21211, Class::Recipient),
            (21610, Class::Recipient),
            (20429, Class::RateLimited),
            (63018, Class::RateLimited),
            (30036, Class::Expired),
            (63027, Class::Misconfigured),
            (99999, Class::Permanent),
        ];
        for (code, class) in cases {
            assert_eq!(class_of(code), class, "{code}");
        }
    }

    #[test]
    fn passing_failures_have_a_wait_and_final_ones_have_none() {
        for (code, seconds) in [
            (63012, 60),
            (63021, 60),
            (63017, 60),
            (63018, 3600),
            (30001, 60),
        ] {
            let wait = retry_wait(code).map(|wait| wait.as_secs());
            assert_eq!(wait, Some(seconds), "{code}");
        }
        for code in [63016, 63024, 21610, 30036, 99999] {
            assert_eq!(retry_wait(code), None, "{code}");
        }
    }

    #[test]
    fn a_server_error_leaves_a_create_unknown_and_a_list_repeatable() {
        let body = r#"{"code":20500,"message":"internal","status":500}"#;
        let class_after = |operation, status, body| {
            classify_error(&Response::for_test(operation, status, body)).class
        };
        assert_eq!(class_after(CREATE, 500, body), Class::Unknown);
        assert_eq!(class_after(LIST, 503, ""), Class::Retry);
    }

    #[test]
    fn an_error_keeps_code_and_wait_but_no_number() {
        let body = r#"{"code":20429,"message":"Too many requests for +221770000000","status":429}"#;
        let response = Response::for_test(CREATE, 429, body).with_header("retry-after", "7");
        let rejection = classify_error(&response);
        let error = response.into_error(rejection);
        assert_eq!(error.class, Class::RateLimited);
        assert_eq!(error.code.as_deref(), Some("20429"));
        assert_eq!(error.retry_after.map(|wait| wait.as_secs()), Some(7));
        assert_eq!(error.excerpt, "Too many requests for [phone]");
    }
}
