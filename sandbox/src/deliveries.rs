//! The calls that the sandbox makes: status callbacks, inbound messages, webhooks. Faults apply to
//! them too, and each attempt is kept with its status.

use std::time::Duration;

use axum::http::Method;
use chrono::{DateTime, Utc};
use reqwest::RequestBuilder;
use serde::Serialize;

use crate::clock::read_clock;
use crate::faults::Fault;
use crate::operation::Operation;
use crate::provider::Provider;
use crate::state::Sandbox;

/// One attempt of a call, or a call that a fault suppressed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Delivery {
    provider: Provider,
    operation: &'static str,
    url: String,
    /// What was sent: a status, or an event's id.
    subject: String,
    at: DateTime<Utc>,
    /// The status of the response, if there was one.
    status: Option<u16>,
}

/// A call to make.
pub(crate) struct Outgoing<'a> {
    pub(crate) operation: Operation,
    pub(crate) url: &'a str,
    pub(crate) subject: &'a str,
    /// The waits in seconds before each further attempt.
    pub(crate) retry_seconds: &'a [u64],
}

/// Creates a client for plain HTTP to the product.
pub(crate) fn create_client() -> reqwest::Client {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .no_proxy()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(15))
        .build()
        .expect("a client without certificate store or proxy needs nothing of the machine")
}

/// Makes the call, with retries. Returns whether an attempt succeeded. `request` is called for each
/// attempt, because signatures contain a time.
pub(crate) async fn deliver_call(
    sandbox: &Sandbox,
    outgoing: Outgoing<'_>,
    request: impl Fn(&reqwest::Client) -> RequestBuilder,
) -> bool {
    let fault = sandbox.register_call(outgoing.operation, &Method::POST, outgoing.url);
    let calls = match fault {
        Some(Fault::Drop) => {
            log_attempt(sandbox, &outgoing, None);
            return false;
        }
        Some(Fault::LatencyMs(ms)) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            1
        }
        Some(Fault::Duplicate) => 2,
        // The other faults need a server's side.
        Some(
            Fault::Status { .. }
            | Fault::TimeoutBefore { .. }
            | Fault::TimeoutAfter { .. }
            | Fault::RateLimit { .. }
            | Fault::Reverse,
        )
        | None => 1,
    };
    let mut is_delivered = false;
    for _ in 0..calls {
        is_delivered = send_with_retries(sandbox, &outgoing, &request).await;
    }
    is_delivered
}

async fn send_with_retries(
    sandbox: &Sandbox,
    outgoing: &Outgoing<'_>,
    request: &impl Fn(&reqwest::Client) -> RequestBuilder,
) -> bool {
    let mut waits = outgoing.retry_seconds.iter();
    loop {
        let response = request(&sandbox.http).send().await;
        let status = response.ok().map(|response| response.status().as_u16());
        log_attempt(sandbox, outgoing, status);
        if status.is_some_and(|code| (200..300).contains(&code)) {
            return true;
        }
        let Some(seconds) = waits.next() else {
            return false;
        };
        tokio::time::sleep(Duration::from_secs(*seconds)).await;
    }
}

fn log_attempt(sandbox: &Sandbox, outgoing: &Outgoing<'_>, status: Option<u16>) {
    let Operation { provider, name } = outgoing.operation;
    let (url, subject) = (outgoing.url.to_owned(), outgoing.subject.to_owned());
    sandbox.with_data(|data| {
        data.log_delivery(Delivery {
            provider,
            operation: name,
            url,
            subject,
            at: read_clock(),
            status,
        })
    });
}
