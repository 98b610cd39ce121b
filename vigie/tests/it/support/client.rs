//! Somebody who sends requests, as any program out there.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::eventually;

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The answer to an earlier request with the same key.
    pub(crate) replayed: bool,
    pub(crate) body: Value,
}

impl Answer {
    /// The body, where the status is the one that was expected.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}

/// Sends to `/api/v1` + path, with a token and a company where it has them.
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
            http: plain_http(),
            base,
            token: None,
            company: None,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request("POST", path).json(body))
            .await
            .unwrap()
    }

    /// The OAuth2 password form.
    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Answer {
        let form = [
            ("grant_type", "password"),
            ("username", email),
            ("password", password),
        ];
        self.send(self.request("POST", "/auth/token").form(&form))
            .await
            .unwrap()
    }

    /// Sends until it is accepted, as a client should whose server may be killed: with one
    /// `Idempotency-Key`, whatever became of the tries before.
    pub(crate) async fn post_surely(&self, path: &str, body: &Value, key: &str) -> Value {
        self.send_surely(|| self.request("POST", path).json(body), key)
            .await
            .body
    }

    /// The same with any request; gives the whole answer.
    pub(crate) async fn send_surely(
        &self,
        request: impl Fn() -> reqwest::RequestBuilder,
        key: &str,
    ) -> Answer {
        let accepted = eventually("the request is accepted", async || {
            let answer = self
                .send(request().header("Idempotency-Key", key))
                .await
                .ok()?;
            // The try before may be open still, or the server's own connections were cut.
            (answer.status != 409 && answer.status < 500).then_some(answer)
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

    /// # Errors
    /// Nobody there, or gone before the answer.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let replayed = response
            .headers()
            .get("Idempotent-Replayed")
            .is_some_and(|value| value == "true");
        let text = response.text().await?;
        Ok(Answer {
            status,
            replayed,
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        })
    }
}

/// A client for plain HTTP on this machine.
pub(crate) fn plain_http() -> reqwest::Client {
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
