//! The providers' operations by method and path: what faults are matched to and calls counted by.

use axum::http::Method;

/// The provider and the operation of a call, by the names that the product's clients use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Operation {
    pub(crate) provider: &'static str,
    pub(crate) name: &'static str,
}

/// Method, provider, tail of the path where `*` is any one segment, name. First match holds.
const OPERATIONS: &[(&str, &str, &str, &str)] = &[
    ("POST", "twilio", "Messages.json", "create_message"),
    ("GET", "twilio", "Messages.json", "list_messages"),
    ("GET", "twilio", "Messages/*", "fetch_message"),
    ("POST", "brevo", "smtp/email", "send_email"),
    (
        "POST",
        "stripe",
        "v1/checkout/sessions",
        "create_checkout_session",
    ),
    (
        "POST",
        "stripe",
        "v1/billing_portal/sessions",
        "create_portal_session",
    ),
    ("POST", "stripe", "v1/customers", "create_customer"),
    ("GET", "stripe", "v1/subscriptions/*", "fetch_subscription"),
    ("GET", "stripe", "v1/events", "list_events"),
    ("GET", "meta", "me/adaccounts", "list_ad_accounts"),
    ("GET", "meta", "oauth/access_token", "exchange_token"),
    ("POST", "meta", "*/insights", "start_report"),
    ("GET", "meta", "*/insights", "read_report"),
    ("GET", "meta", "debug_token", "debug_token"),
    ("GET", "meta", "*", "poll_report"),
];

/// The operation, `other` for an unknown path of a provider, or `None` outside the providers.
pub(crate) fn of(method: &Method, path: &str) -> Option<Operation> {
    let mut segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let provider = *["twilio", "brevo", "stripe", "meta"]
        .iter()
        .find(|p| segments.first() == Some(p))?;
    segments.remove(0);
    let known = OPERATIONS.iter().find(|(verb, of, tail, _)| {
        *verb == method.as_str() && *of == provider && ends_with(&segments, tail)
    });
    Some(Operation {
        provider,
        name: known.map_or("other", |(.., name)| *name),
    })
}

fn ends_with(segments: &[&str], tail: &str) -> bool {
    let tail: Vec<&str> = tail.split('/').collect();
    segments.len() >= tail.len()
        && segments[segments.len() - tail.len()..]
            .iter()
            .zip(&tail)
            .all(|(s, t)| *t == "*" || s == t)
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::of;

    #[test]
    fn paths_are_known_by_their_operation() {
        let cases = [
            (
                Method::POST,
                "/twilio/2010-04-01/Accounts/AC1/Messages.json",
                "create_message",
            ),
            (
                Method::GET,
                "/twilio/2010-04-01/Accounts/AC1/Messages/SM1.json",
                "fetch_message",
            ),
            (Method::POST, "/brevo/v3/smtp/email", "send_email"),
            (
                Method::GET,
                "/stripe/v1/subscriptions/sub_1",
                "fetch_subscription",
            ),
            (Method::POST, "/meta/v26.0/act_1/insights", "start_report"),
            (Method::GET, "/meta/v26.0/123/insights", "read_report"),
            (Method::GET, "/meta/v26.0/123", "poll_report"),
            (Method::GET, "/meta/v26.0/me/adaccounts", "list_ad_accounts"),
            (Method::PUT, "/stripe/v1/events", "other"),
        ];
        for (method, path, name) in cases {
            assert_eq!(of(&method, path).map(|op| op.name), Some(name), "{path}");
        }
        assert!(of(&Method::GET, "/admin/messages").is_none());
    }
}
