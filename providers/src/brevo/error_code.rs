//! Brevo's errors as data: by status first, by error code where one status has several causes.

use serde::Deserialize;

use crate::error::Class;
use crate::response::{Rejection, Response};

const CODES: &[(&str, Class)] = &[
    ("account_under_validation", Class::Misconfigured),
    ("duplicate_request", Class::AlreadyDone),
    ("not_enough_credits", Class::Misconfigured),
    ("permission_denied", Class::Misconfigured),
    ("unauthorized", Class::Misconfigured),
];

/// Brevo returns `invalid_parameter` for a wrong recipient, too; only the text differs.
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

impl Problem {
    fn class_of_code(&self) -> Option<Class> {
        let code = self.code.as_deref()?;
        let (_, class) = CODES.iter().find(|(known, _)| *known == code)?;
        Some(*class)
    }

    fn is_about_recipient(&self) -> bool {
        let text = self.message.as_deref().unwrap_or_default().to_lowercase();
        RECIPIENT_HINTS.iter().any(|hint| text.contains(hint))
    }
}

pub(super) fn classify_error(response: &Response) -> Rejection {
    let problem: Problem = response.rejection_body();
    let class = match (response.status, problem.class_of_code()) {
        (429, _) => Class::RateLimited,
        (500.. | 408, _) => Class::of_interrupted(response.operation),
        (_, Some(class)) => class,
        (401..=403, None) => Class::Misconfigured,
        (_, None) if problem.is_about_recipient() => Class::Recipient,
        (_, None) => Class::Permanent,
    };
    let is_limited = class == Class::RateLimited;
    Rejection {
        class,
        code: problem.code,
        message: problem.message,
        retry_after: is_limited
            .then(|| response.header_seconds("x-sib-ratelimit-reset"))
            .flatten(),
        trace: None,
    }
}

#[cfg(test)]
mod tests {
    use super::classify_error;
    use crate::brevo::BrevoOperation;
    use crate::error::Class;
    use crate::provider::Operation;
    use crate::response::Response;

    const SEND: Operation = Operation::Brevo(BrevoOperation::SendEmail);

    #[test]
    fn each_error_has_one_class() {
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
            let response = Response::for_test(SEND, status, body);
            assert_eq!(classify_error(&response).class, class, "{status} {body}");
        }
    }

    #[test]
    fn the_wait_comes_from_brevos_own_header() {
        let response = Response::for_test(SEND, 429, "").with_header("x-sib-ratelimit-reset", "12");
        let rejection = classify_error(&response);
        assert_eq!(rejection.class, Class::RateLimited);
        assert_eq!(rejection.retry_after.map(|wait| wait.as_secs()), Some(12));
    }
}
