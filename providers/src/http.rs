//! One HTTP exchange: time-outs, size cap, metrics, and what a lost connection means.
//! Retrying is not here: the retry policy belongs to the job.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use crate::SetupError;
use crate::error::{Class, Provider, ProviderError};
use crate::redact::redact;

/// No answer that we ask for comes near it; a larger one is a mistake or an attack.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// How long a call may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// From the first byte sent to the last one read.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(20),
        }
    }
}

/// Makes the connection pool that the four clients share.
pub(crate) fn live_client(timeouts: Timeouts) -> Result<Client, SetupError> {
    // A second call finds the provider installed, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
    build(Client::builder(), timeouts)
}

/// Trusts no certificate and uses no proxy: it can only speak plain HTTP to a near address, and it
/// needs no certificate store on the machine.
pub(crate) fn sandbox_client(timeouts: Timeouts) -> Result<Client, SetupError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| SetupError::Client(e.to_string()))?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    build(
        Client::builder().no_proxy().tls_backend_preconfigured(tls),
        timeouts,
    )
}

fn build(builder: reqwest::ClientBuilder, timeouts: Timeouts) -> Result<Client, SetupError> {
    builder
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent("vigie")
        .build()
        .map_err(|e| SetupError::Client(e.to_string()))
}

/// What is left behind when a call is cut off after it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing, or nothing more when repeated: a read, or a call with an idempotency key.
    Repeatable,
    /// Perhaps a message sent.
    Once,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) provider: Provider,
    pub(crate) operation: &'static str,
    pub(crate) effect: Effect,
}

impl Call {
    /// The class of a failure that says nothing about what was done.
    pub(crate) fn cut_off(&self) -> Class {
        match self.effect {
            Effect::Repeatable => Class::Retry,
            Effect::Once => Class::Unknown,
        }
    }

    pub(crate) fn error(&self, class: Class, text: &str) -> ProviderError {
        ProviderError::new(self.provider, self.operation, class, text)
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `Retry-After` or a header like it, in whole seconds.
    pub(crate) fn seconds(&self, name: &str) -> Option<Duration> {
        self.header(name)?
            .trim()
            .parse()
            .ok()
            .map(Duration::from_secs)
    }

    /// A refusal with the status and the body's text filled in.
    pub(crate) fn error(&self, call: &Call, class: Class, text: Option<&str>) -> ProviderError {
        let body = String::from_utf8_lossy(&self.body);
        let mut error = call.error(class, text.unwrap_or(&body));
        error.status = Some(self.status);
        error
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, call: &Call) -> Result<T, ProviderError> {
        serde_json::from_slice(&self.body).map_err(|e| {
            self.error(
                call,
                call.cut_off(),
                Some(&format!("answer not understood: {e}")),
            )
        })
    }
}

/// Reads a refusal: each provider's own.
pub(crate) type Refusal = fn(&Call, &Answer) -> ProviderError;

/// A client's way out: the shared pool, where to, how refusals are read, what must never be shown.
#[derive(Clone)]
pub(crate) struct Transport {
    pub(crate) client: Client,
    pub(crate) base: String,
    refusal: Refusal,
    secrets: Arc<[SecretString]>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl Transport {
    pub(crate) fn new(
        client: Client,
        base: &str,
        refusal: Refusal,
        secrets: Vec<SecretString>,
    ) -> Self {
        Self {
            client,
            base: base.trim_end_matches('/').to_owned(),
            refusal,
            secrets: secrets.into(),
        }
    }

    /// The address of a path under the base, `/` in front.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Sends once; an answer that isn't a success becomes the provider's error.
    pub(crate) async fn send(
        &self,
        call: Call,
        request: RequestBuilder,
    ) -> Result<Answer, ProviderError> {
        let started = Instant::now();
        let result = match exchange(&call, request).await {
            Ok(answer) if answer.is_success() => Ok(answer),
            Ok(answer) => Err((self.refusal)(&call, &answer)),
            Err(error) => Err(error),
        };
        record(&call, started.elapsed(), result.as_ref().err());
        result.map_err(|error| self.without_secrets(error))
    }

    /// Sends once and reads the answer's JSON.
    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        call: Call,
        request: RequestBuilder,
    ) -> Result<T, ProviderError> {
        self.send(call, request).await?.json(&call)
    }

    fn without_secrets(&self, mut error: ProviderError) -> ProviderError {
        for secret in self
            .secrets
            .iter()
            .map(ExposeSecret::expose_secret)
            .filter(|s| !s.is_empty())
        {
            if error.excerpt.contains(secret) {
                error.excerpt = redact(&error.excerpt.replace(secret, "[secret]"));
            }
        }
        error
    }
}

async fn exchange(call: &Call, request: RequestBuilder) -> Result<Answer, ProviderError> {
    let response = request.send().await.map_err(|e| lost(call, e))?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = read_capped(call, response).await?;
    Ok(Answer {
        status,
        headers,
        body,
    })
}

async fn read_capped(call: &Call, mut response: Response) -> Result<Bytes, ProviderError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| lost(call, e))? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(call.error(call.cut_off(), "answer larger than 8 MiB"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// A connection that never stood sent nothing; a request that can't be built is our mistake; all
/// else may have been done.
fn lost(call: &Call, error: reqwest::Error) -> ProviderError {
    let class = if error.is_builder() {
        Class::Permanent
    } else if error.is_connect() {
        Class::Retry
    } else {
        call.cut_off()
    };
    // The address may hold a token.
    let error = error.without_url();
    let cause = std::error::Error::source(&error).map_or_else(String::new, |c| format!(": {c}"));
    call.error(class, &format!("{error}{cause}"))
}

fn record(call: &Call, took: Duration, error: Option<&ProviderError>) {
    let (provider, operation) = (call.provider.as_str(), call.operation);
    let outcome = error.map_or("ok", |e| e.class.as_str());
    metrics::counter!("vigie_provider_requests_total",
        "provider" => provider, "operation" => operation, "outcome" => outcome)
    .increment(1);
    metrics::histogram!("vigie_provider_request_seconds",
        "provider" => provider, "operation" => operation)
    .record(took.as_secs_f64());
    tracing::info!(
        provider,
        operation,
        outcome,
        took_ms = took.as_millis(),
        "provider answered"
    );
}
