//! Twilio's error codes as data. The codes are Twilio's, the decisions ours; Twilio warns that the
//! code of a cause may change, so an unknown one is never a reason to send again.

use std::time::Duration;

use serde::Deserialize;

use crate::error::{Class, ProviderError};
use crate::http::{Answer, Call};

/// What an error code asks for, at create or in a status callback.
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
    (21606, Class::Misconfigured), // sender isn't ours
    (21609, Class::Misconfigured), // callback address
    (21610, Class::Recipient),     // opted out
    (21611, Class::RateLimited),   // queue full
    (21614, Class::Recipient),
    (21617, Class::Permanent),     // too long
    (21655, Class::Misconfigured), // template sid
    (21656, Class::Misconfigured), // template variables
    (30001, Class::RateLimited),   // queue overflow
    (30003, Class::Recipient),     // unreachable
    (30005, Class::Recipient),
    (30006, Class::Recipient),
    (30008, Class::Permanent),     // unknown, after sending
    (30036, Class::Expired),
    (63003, Class::Recipient),
    (63005, Class::Misconfigured),
    (63007, Class::Misconfigured), // no such channel
    (63012, Class::Retry),         // channel's own trouble
    (63013, Class::Misconfigured), // policy
    (63016, Class::WindowClosed),
    (63017, Class::RateLimited),
    (63018, Class::RateLimited),
    (63019, Class::Misconfigured), // media
    (63021, Class::Retry),
    (63024, Class::Recipient),
    (63027, Class::Misconfigured), // template missing
    (63028, Class::Misconfigured),
    (63029, Class::Misconfigured),
    (63030, Class::Misconfigured),
    (63032, Class::Recipient),     // in an experiment of the channel
    (63049, Class::Permanent),     // the channel chose not to deliver
];

/// How long a limit lasts where Twilio doesn't say.
const WAITS: &[(u32, Duration)] = &[
    (63018, Duration::from_secs(3600)),
    (21611, Duration::from_secs(60)),
    (30001, Duration::from_secs(60)),
];
/// Before a message that failed of passing trouble is worth sending anew.
const AGAIN: Duration = Duration::from_secs(60);

#[derive(Default, Deserialize)]
struct Problem {
    code: Option<u32>,
    message: Option<String>,
}

/// The class of an error code; an unknown one is `Permanent`.
#[must_use]
pub fn class_of(code: u32) -> Class {
    CODES
        .iter()
        .find(|(known, _)| *known == code)
        .map_or(Class::Permanent, |(_, class)| *class)
}

/// How long to wait before a message that failed with this code may be sent anew; `None` where it may
/// not.
#[must_use]
pub fn again_after(code: u32) -> Option<Duration> {
    let passes = matches!(class_of(code), Class::Retry | Class::RateLimited);
    passes.then(|| known_wait(code).unwrap_or(AGAIN))
}

fn known_wait(code: u32) -> Option<Duration> {
    WAITS
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, wait)| *wait)
}

pub(super) fn refusal(call: &Call, answer: &Answer) -> ProviderError {
    let problem: Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
    let class = match (answer.status, problem.code) {
        (429, _) => Class::RateLimited,
        (500.., _) => call.cut_off(),
        (_, Some(code)) => class_of(code),
        (401 | 403, None) => Class::Misconfigured,
        _ => Class::Permanent,
    };
    let mut error = answer.error(call, class, problem.message.as_deref());
    error.code = problem.code.map(|code| code.to_string());
    error.retry_after = answer
        .seconds("retry-after")
        .or(problem.code.and_then(known_wait));
    error
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::{CODES, again_after, class_of, refusal};
    use crate::error::{Class, Provider};
    use crate::http::{Answer, Call, Effect};

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            headers: HeaderMap::new(),
            body: body.to_owned().into(),
        }
    }

    const CREATE: Call = Call {
        provider: Provider::Twilio,
        operation: "create_message",
        effect: Effect::Once,
    };
    const LIST: Call = Call {
        provider: Provider::Twilio,
        operation: "list_messages",
        effect: Effect::Repeatable,
    };

    #[test]
    fn codes_stand_once_and_in_order() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn each_code_asks_for_one_thing() {
        let cases = [
            (63016, Class::WindowClosed),
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
    fn what_passes_has_a_wait_and_what_is_final_has_none() {
        for (code, seconds) in [
            (63012, 60),
            (63021, 60),
            (63017, 60),
            (63018, 3600),
            (30001, 60),
        ] {
            assert_eq!(
                again_after(code).map(|wait| wait.as_secs()),
                Some(seconds),
                "{code}"
            );
        }
        for code in [63016, 63024, 21610, 30036, 99999] {
            assert_eq!(again_after(code), None, "{code}");
        }
    }

    #[test]
    fn a_server_error_leaves_a_create_unknown_and_a_list_repeatable() {
        let body = r#"{"code":20500,"message":"internal","status":500}"#;
        assert_eq!(refusal(&CREATE, &answer(500, body)).class, Class::Unknown);
        assert_eq!(refusal(&LIST, &answer(503, "")).class, Class::Retry);
    }

    #[test]
    fn a_refusal_keeps_code_and_wait_but_no_number() {
        let mut limited = answer(
            429,
            r#"{"code":20429,"message":"Too many requests for +221770000000","status":429}"#,
        );
        limited
            .headers
            .insert("retry-after", HeaderValue::from_static("7"));
        let error = refusal(&CREATE, &limited);
        assert_eq!(error.class, Class::RateLimited);
        assert_eq!(error.code.as_deref(), Some("20429"));
        assert_eq!(error.retry_after.map(|wait| wait.as_secs()), Some(7));
        assert_eq!(error.excerpt, "Too many requests for [phone]");
    }
}
