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

/// The method of an operation, its path below the provider's name (`*` is any one segment), and its
/// name. The first match of a provider's table applies.
pub(crate) type OperationPath = (&'static str, &'static str, &'static str);

/// Returns the operation of a call, named `other` for an unknown path of a provider. Returns `None`
/// outside the providers.
pub(crate) fn find_operation(method: &Method, path: &str) -> Option<Operation> {
    let (first, path) = path.trim_matches('/').split_once('/')?;
    let provider = Provider::ALL
        .into_iter()
        .find(|provider| provider.name() == first)?;
    let known = provider
        .operations()
        .iter()
        .find(|(verb, pattern, _)| *verb == method.as_str() && matches_path(pattern, path));
    Some(Operation {
        provider,
        name: known.map_or("other", |(.., name)| *name),
    })
}

fn matches_path(pattern: &str, path: &str) -> bool {
    let segments = path.split('/');
    let wanted = pattern.split('/');
    segments.clone().count() == wanted.clone().count()
        && segments.zip(wanted).all(|(s, w)| w == "*" || s == w)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::body::Body;
    use axum::http::{Method, Request, StatusCode};
    use tower::ServiceExt;

    use super::{OperationPath, find_operation};
    use crate::provider::Provider;
    use crate::state::Sandbox;

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

    #[tokio::test]
    async fn every_operation_of_the_clients_has_a_path() {
        let of_clients: BTreeSet<_> = providers::Provider::ALL
            .into_iter()
            .flat_map(providers::Provider::operations)
            .map(|operation| (operation.provider().as_str(), operation.as_str()))
            .collect();
        let mut of_sandbox = BTreeSet::new();
        for provider in Provider::ALL {
            for operation in provider.operations() {
                let (.., name) = operation;
                of_sandbox.insert((provider.name(), *name));
                let status = call_operation(provider, operation).await;
                assert!(
                    ![StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&status),
                    "{provider:?} {name}: {status}"
                );
            }
        }
        // The sandbox may have more of a provider than our clients call.
        let missing: Vec<_> = of_clients.difference(&of_sandbox).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    /// Calls the operation without credentials.
    async fn call_operation(provider: Provider, operation: &OperationPath) -> StatusCode {
        let (method, path, _) = operation;
        let path = format!("/{}/{}", provider.name(), path.replace('*', "any"));
        let request = Request::builder().method(*method).uri(path);
        crate::build_app(Sandbox::default())
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
            .status()
    }
}
