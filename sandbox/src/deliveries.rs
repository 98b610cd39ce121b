//! The calls that the sandbox makes itself: status callbacks, inbound messages, webhooks. Faults
//! strike them, too, and each is remembered with its outcome.

use std::time::Duration;

use axum::http::Method;
use chrono::{DateTime, Utc};
use reqwest::RequestBuilder;
use serde::Serialize;

use crate::clock::now;
use crate::faults::Fault;
use crate::operations::Operation;
use crate::state::Sandbox;

/// One call made, or not made because of a fault.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Delivery {
    provider: &'static str,
    operation: &'static str,
    url: String,
    /// What was told: a status, or an event's id.
    about: String,
    at: DateTime<Utc>,
    /// The answer's status; none where there was no answer.
    status: Option<u16>,
}

/// A call to make: `request` is asked for once per try, since signatures hold a time.
pub(crate) struct Outgoing<'a> {
    pub(crate) operation: Operation,
    pub(crate) url: &'a str,
    pub(crate) about: &'a str,
    /// Pauses before further tries; as many tries as there are.
    pub(crate) retries: &'a [u64],
}

/// A client for plain HTTP to the product.
pub(crate) fn client() -> reqwest::Client {
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

/// Makes the call, again after a failure as long as there are retries. Says whether it succeeded.
pub(crate) async fn deliver(
    sandbox: &Sandbox,
    outgoing: Outgoing<'_>,
    request: impl Fn(&reqwest::Client) -> RequestBuilder,
) -> bool {
    let fault = sandbox.strike(outgoing.operation, &Method::POST, outgoing.url);
    let rounds = match fault {
        Some(Fault::Drop) => {
            note(sandbox, &outgoing, None);
            return false;
        }
        Some(Fault::LatencyMs(ms)) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            1
        }
        Some(Fault::Duplicate) => 2,
        _ => 1,
    };
    let mut done = false;
    for _ in 0..rounds {
        done = with_retries(sandbox, &outgoing, &request).await;
    }
    done
}

async fn with_retries(
    sandbox: &Sandbox,
    outgoing: &Outgoing<'_>,
    request: &impl Fn(&reqwest::Client) -> RequestBuilder,
) -> bool {
    let mut pauses = outgoing.retries.iter();
    loop {
        let answer = request(&sandbox.http).send().await;
        let status = answer.ok().map(|answer| answer.status().as_u16());
        note(sandbox, outgoing, status);
        if status.is_some_and(|code| (200..300).contains(&code)) {
            return true;
        }
        let Some(seconds) = pauses.next() else {
            return false;
        };
        tokio::time::sleep(Duration::from_secs(*seconds)).await;
    }
}

fn note(sandbox: &Sandbox, outgoing: &Outgoing<'_>, status: Option<u16>) {
    let Operation { provider, name } = outgoing.operation;
    let (url, about) = (outgoing.url.to_owned(), outgoing.about.to_owned());
    sandbox.with(|data| {
        data.log(Delivery {
            provider,
            operation: name,
            url,
            about,
            at: now(),
            status,
        })
    });
}
