//! The operations of the providers by method and path. Faults match them, and calls are counted by
//! them.

use axum::http::Method;

use crate::provider::Provider;

/// An operation of a provider, by the name that the product's clients use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Operation {
    pub(crate) provider: Provider,
    pub(crate) name: &'static str,
}

/// Method, provider, end of the path (`*` is any one segment), name. The first match applies.
const OPERATIONS: &[(&str, Provider, &str, &str)] = &[
    ("POST", Provider::Twilio, "Messages.json", "create_message"),
    ("GET", Provider::Twilio, "Messages.json", "list_messages"),
    ("GET", Provider::Twilio, "Messages/*", "fetch_message"),
    ("POST", Provider::Brevo, "smtp/email", "send_email"),
    (
        "POST",
        Provider::Stripe,
        "v1/checkout/sessions",
        "create_checkout_session",
    ),
    (
        "POST",
        Provider::Stripe,
        "v1/billing_portal/sessions",
        "create_portal_session",
    ),
    ("POST", Provider::Stripe, "v1/customers", "create_customer"),
    (
        "GET",
        Provider::Stripe,
        "v1/subscriptions/*",
        "fetch_subscription",
    ),
    ("GET", Provider::Stripe, "v1/events", "list_events"),
    ("GET", Provider::Meta, "me/adaccounts", "list_ad_accounts"),
    (
        "GET",
        Provider::Meta,
        "oauth/access_token",
        "exchange_token",
    ),
    ("POST", Provider::Meta, "*/insights", "start_report"),
    ("GET", Provider::Meta, "*/insights", "read_report"),
    ("GET", Provider::Meta, "debug_token", "debug_token"),
    ("GET", Provider::Meta, "*", "poll_report"),
];

/// Returns the operation of a call, named `other` for an unknown path of a provider. Returns `None`
/// outside the providers.
pub(crate) fn find_operation(method: &Method, path: &str) -> Option<Operation> {
    let mut segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let provider = Provider::ALL
        .into_iter()
        .find(|provider| segments.first() == Some(&provider.name()))?;
    segments.remove(0);
    let known = OPERATIONS.iter().find(|(verb, owner, tail, _)| {
        *verb == method.as_str() && *owner == provider && ends_with(&segments, tail)
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

    use super::find_operation;

    #[test]
    fn each_path_has_its_operation() {
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
            assert_eq!(
                find_operation(&method, path).map(|op| op.name),
                Some(name),
                "{path}"
            );
        }
        assert!(find_operation(&Method::GET, "/admin/messages").is_none());
    }
}
