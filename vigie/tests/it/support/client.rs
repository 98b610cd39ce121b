//! An HTTP client of the API.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::eventually;

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Whether it is the stored response to an earlier request with the same key.
    pub(crate) replayed: bool,
    pub(crate) body: Value,
}

impl Response {
    /// Returns the body; panics on another status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}

/// Sends requests to `/api/v1` + path, with its token and company if set.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    pub(crate) token: Option<String>,
    pub(crate) company: Option<String>,
}

impl Client {
    pub(crate) fn new(base: String) -> Self {
        Self {
            http: build_http_client(),
            base,
            token: None,
            company: None,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(self.request("GET", path)).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        self.send(self.request("POST", path).json(body))
            .await
            .unwrap()
    }

    /// Sends the OAuth2 password form.
    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Response {
        let form = [
            ("grant_type", "password"),
            ("username", email),
            ("password", password),
        ];
        self.send(self.request("POST", "/auth/token").form(&form))
            .await
            .unwrap()
    }

    /// Sends the request with one `Idempotency-Key` until it is accepted, as a client should whose
    /// server may be killed.
    pub(crate) async fn post_until_accepted(&self, path: &str, body: &Value, key: &str) -> Value {
        self.send_until_accepted(|| self.request("POST", path).json(body), key)
            .await
            .body
    }

    /// Sends any request in the same way and returns the whole response.
    pub(crate) async fn send_until_accepted(
        &self,
        request: impl Fn() -> reqwest::RequestBuilder,
        key: &str,
    ) -> Response {
        let accepted = eventually("the request is accepted", async || {
            let response = self
                .send(request().header("Idempotency-Key", key))
                .await
                .ok()?;
            // The previous request may still be open, or the server's connections were cut.
            (response.status != 409 && response.status < 500).then_some(response)
        })
        .await;
        assert!((200..300).contains(&accepted.status), "{accepted:?}");
        accepted
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/api/v1{path}", self.base);
        let mut request = self.http.request(method.parse().unwrap(), url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(company) = &self.company {
            request = request.header("X-Company-ID", company);
        }
        request
    }

    /// Fails if the server is away or killed before it responds.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Response> {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let replayed = response
            .headers()
            .get("Idempotent-Replayed")
            .is_some_and(|value| value == "true");
        let text = response.text().await?;
        Ok(Response {
            status,
            replayed,
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        })
    }
}

/// Builds a client for plain HTTP on this machine.
pub(crate) fn build_http_client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .no_proxy()
        .tls_backend_preconfigured(tls)
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}
