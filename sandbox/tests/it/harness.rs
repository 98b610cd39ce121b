//! A sandbox on a free port, the product's clients for it, and a receiver of its webhooks.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use providers::{Providers, Timeouts};
use sandbox::{Running, Sandbox};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Fails a test that waits for too long.
const HANG_GUARD: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) running: Running,
    pub(crate) providers: Providers,
    pub(crate) http: reqwest::Client,
}

/// Starts an empty sandbox and its clients.
pub(crate) async fn start_world() -> World {
    start_world_with(Sandbox::default()).await
}

pub(crate) async fn start_world_with(sandbox: Sandbox) -> World {
    let running = sandbox::start_sandbox(sandbox).await.unwrap();
    let timeouts = Timeouts {
        connect: HANG_GUARD,
        total: HANG_GUARD,
    };
    let providers = Providers::sandbox_with(&running.url(), timeouts).unwrap();
    // The product's clients install no default crypto provider, which this plain client needs.
    let _ = rustls::crypto::ring::default_provider().install_default();
    World {
        running,
        providers,
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
    }
}

impl World {
    pub(crate) async fn add_faults(&self, rules: Value) {
        let response = self
            .http
            .post(self.admin_url("faults"))
            .json(&rules)
            .send()
            .await
            .unwrap();
        assert!(
            response.status().is_success(),
            "{}",
            response.text().await.unwrap()
        );
    }

    pub(crate) fn admin_url(&self, path: &str) -> String {
        format!("{}/admin/{path}", self.running.url())
    }

    pub(crate) async fn get_admin(&self, path: &str) -> Value {
        self.http
            .get(self.admin_url(path))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    pub(crate) async fn post_admin(&self, path: &str, body: Value) -> Value {
        let response = self
            .http
            .post(self.admin_url(path))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert!(
            response.status().is_success(),
            "{path}: {}",
            response.text().await.unwrap()
        );
        response.json().await.unwrap()
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

/// The product's side of the webhooks: accepts every call and passes it to the test.
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
            .fallback(accept_call)
            .with_state((base.clone(), sender));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { base, calls }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Returns the next call, in the order of arrival.
    pub(crate) async fn next(&mut self) -> Call {
        tokio::time::timeout(HANG_GUARD, self.calls.recv())
            .await
            .expect("a call arrives")
            .unwrap()
    }
}

type ReceiverState = (String, UnboundedSender<Call>);

async fn accept_call(
    State((base, sender)): State<ReceiverState>,
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
