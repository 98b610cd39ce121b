//! A sandbox on a free port, the real clients for it, and a place that its webhooks reach.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use providers::{Providers, Timeouts};
use sandbox::{Running, Sandbox};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What stops a test that waits for something that never comes.
const HANG_GUARD: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) running: Running,
    pub(crate) providers: Providers,
    pub(crate) http: reqwest::Client,
}

/// A fresh sandbox and the clients.
pub(crate) async fn world() -> World {
    world_of(Sandbox::default()).await
}

pub(crate) async fn world_of(sandbox: Sandbox) -> World {
    let running = sandbox::start(sandbox).await.unwrap();
    let timeouts = Timeouts {
        connect: HANG_GUARD,
        total: HANG_GUARD,
    };
    let providers = Providers::sandbox_with(&running.url(), timeouts).unwrap();
    // The clients of the crates under test install no default; this plain one needs one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    World {
        running,
        providers,
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
    }
}

impl World {
    pub(crate) async fn fault(&self, rules: Value) {
        let answer = self
            .http
            .post(self.admin("faults"))
            .json(&rules)
            .send()
            .await
            .unwrap();
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap()
        );
    }

    pub(crate) fn admin(&self, path: &str) -> String {
        format!("{}/admin/{path}", self.running.url())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.http
            .get(self.admin(path))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self
            .http
            .post(self.admin(path))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert!(
            answer.status().is_success(),
            "{path}: {}",
            answer.text().await.unwrap()
        );
        answer.json().await.unwrap()
    }
}

/// A call that the sandbox made.
pub(crate) struct Call {
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.body)
            .into_owned()
            .collect()
    }
}

/// The product's side of the webhooks: accepts everything and hands it to the test.
pub(crate) struct Receiver {
    base: String,
    calls: UnboundedReceiver<Call>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let (sender, calls) = unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new()
            .fallback(take)
            .with_state((base.clone(), sender));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { base, calls }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The next call, in the order of arrival.
    pub(crate) async fn next(&mut self) -> Call {
        tokio::time::timeout(HANG_GUARD, self.calls.recv())
            .await
            .expect("a call should have come")
            .unwrap()
    }
}

type Taken = (String, UnboundedSender<Call>);

async fn take(
    State((base, sender)): State<Taken>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let _ = sender.send(Call {
        url: format!("{base}{uri}"),
        headers,
        body,
    });
    StatusCode::OK
}
