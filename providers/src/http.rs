//! One HTTP exchange, the same for every client: authorize, send, classify, parse, measure.
//! Retrying is not here: the retry policy belongs to the job.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use reqwest::{Client, Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Operation;
use crate::error::{Class, ProviderError};
use crate::redact::redact_text;
use crate::response::{Misread, Rejection, Response};

/// Far above any expected response; a larger one is a mistake or an attack.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// How a client proves who it is, on every request.
#[derive(Clone)]
pub(crate) enum Authorization {
    Basic {
        user: String,
        password: SecretString,
    },
    Bearer(SecretString),
    Header {
        name: &'static str,
        key: SecretString,
    },
    /// Each call carries its own token.
    PerCall,
}

/// A client's connection to its service.
#[derive(Clone)]
pub(crate) struct Transport {
    client: Client,
    base_url: String,
    authorization: Authorization,
    classify: fn(&Response) -> Rejection,
    /// Removed from every error.
    secrets: Arc<[SecretString]>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

impl Transport {
    pub(crate) fn new(
        (client, base_url): (Client, String),
        authorization: Authorization,
        classify: fn(&Response) -> Rejection,
        secrets: Vec<SecretString>,
    ) -> Self {
        Self {
            client,
            base_url,
            authorization,
            classify,
            secrets: secrets.into(),
        }
    }

    /// Builds a GET request; `path` begins with `/`.
    pub(crate) fn get(&self, operation: Operation, path: &str) -> Request<'_> {
        self.build_request(Method::GET, operation, path)
    }

    /// Builds a POST request; `path` begins with `/`.
    pub(crate) fn post(&self, operation: Operation, path: &str) -> Request<'_> {
        self.build_request(Method::POST, operation, path)
    }

    /// Builds a DELETE request; `path` begins with `/`.
    pub(crate) fn delete(&self, operation: Operation, path: &str) -> Request<'_> {
        self.build_request(Method::DELETE, operation, path)
    }

    fn build_request(&self, method: Method, operation: Operation, path: &str) -> Request<'_> {
        let builder = self
            .client
            .request(method, format!("{}{path}", self.base_url));
        let builder = match &self.authorization {
            Authorization::Basic { user, password } => {
                builder.basic_auth(user, Some(password.expose_secret()))
            }
            Authorization::Bearer(token) => builder.bearer_auth(token.expose_secret()),
            Authorization::Header { name, key } => builder.header(*name, key.expose_secret()),
            Authorization::PerCall => builder,
        };
        Request {
            transport: self,
            operation,
            builder,
        }
    }

    fn remove_secrets(&self, mut error: ProviderError) -> ProviderError {
        for secret in self.secrets.iter().map(ExposeSecret::expose_secret) {
            if !secret.is_empty() && error.excerpt.contains(secret) {
                error.excerpt = redact_text(&error.excerpt.replace(secret, "[secret]"));
            }
        }
        error
    }
}

/// A request of one operation, to be sent once.
#[must_use]
pub(crate) struct Request<'a> {
    transport: &'a Transport,
    operation: Operation,
    builder: RequestBuilder,
}

impl Request<'_> {
    pub(crate) fn query(mut self, pairs: &(impl Serialize + ?Sized)) -> Self {
        self.builder = self.builder.query(pairs);
        self
    }

    pub(crate) fn form(mut self, pairs: &(impl Serialize + ?Sized)) -> Self {
        self.builder = self.builder.form(pairs);
        self
    }

    pub(crate) fn json(mut self, body: &serde_json::Value) -> Self {
        self.builder = self.builder.json(body);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    pub(crate) fn bearer_token(mut self, token: &SecretString) -> Self {
        self.builder = self.builder.bearer_auth(token.expose_secret());
        self
    }

    /// Sends once; a response that isn't a success becomes the provider's error.
    pub(crate) async fn send(self) -> Result<Response, ProviderError> {
        let Self {
            transport,
            operation,
            builder,
        } = self;
        let started = Instant::now();
        let result = exchange(operation, builder).await.and_then(|response| {
            if response.is_success() {
                return Ok(response);
            }
            let rejection = (transport.classify)(&response);
            Err(response.into_error(rejection))
        });
        record_call(operation, started.elapsed(), result.as_ref().err());
        result.map_err(|error| transport.remove_secrets(error))
    }

    /// Sends once and converts the response's JSON.
    pub(crate) async fn read<Body: DeserializeOwned, T>(
        self,
        convert: impl FnOnce(Body) -> Result<T, Misread>,
    ) -> Result<T, ProviderError> {
        self.send().await?.read(convert)
    }

    /// Sends once and returns the response's JSON as it is.
    pub(crate) async fn read_json<T: DeserializeOwned>(self) -> Result<T, ProviderError> {
        self.read(Ok).await
    }
}

async fn exchange(
    operation: Operation,
    builder: RequestBuilder,
) -> Result<Response, ProviderError> {
    let response = builder
        .send()
        .await
        .map_err(|e| connection_error(operation, e))?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = read_capped_body(operation, response).await?;
    Ok(Response {
        operation,
        status,
        headers,
        body,
    })
}

async fn read_capped_body(
    operation: Operation,
    mut response: reqwest::Response,
) -> Result<Bytes, ProviderError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|e| connection_error(operation, e))?
    {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(ProviderError::interrupted(
                operation,
                "response larger than 8 MiB",
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn connection_error(operation: Operation, error: reqwest::Error) -> ProviderError {
    // The address may contain a token.
    let error = error.without_url();
    let cause = std::error::Error::source(&error).map_or_else(String::new, |c| format!(": {c}"));
    let text = format!("{error}{cause}");
    if error.is_builder() {
        // The request cannot be built, so that nothing was sent.
        ProviderError::new(operation, Class::Permanent, &text)
    } else if error.is_connect() {
        // No connection was established, so that nothing was sent.
        ProviderError::new(operation, Class::Retry, &text)
    } else {
        ProviderError::interrupted(operation, &text)
    }
}

fn record_call(operation: Operation, took: Duration, error: Option<&ProviderError>) {
    let provider = operation.provider().as_str();
    let operation = operation.as_str();
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
        "provider call ended"
    );
}
