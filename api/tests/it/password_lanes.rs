//! Hashes of passwords: sign-ins go first.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde_json::json;

use crate::app::{PASSWORD, TestApp, TestResponse};
use crate::password_guessing::sign_in_from;

const REGISTRATIONS: u8 = 100;

/// Registers from the `n`th network, so that no limit of attempts applies.
async fn register(app: &TestApp, n: u8) -> TestResponse {
    let body = json!({
        "email": format!("new{n}@example.sn"), "password": PASSWORD, "full_name": "Awa Diop",
    });
    let request = Request::post("/api/v1/auth/register")
        .header(CONTENT_TYPE, "application/json")
        .extension(ConnectInfo(SocketAddr::from(([203, 0, 113, n], 1))))
        .body(Body::from(body.to_string()))
        .unwrap();
    app.send_request(request).await
}

#[tokio::test]
async fn a_sign_in_does_not_wait_for_a_hundred_registrations() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let mut registrations: FuturesUnordered<_> =
        (0..REGISTRATIONS).map(|n| register(&app, n)).collect();
    let mut finished = 0;
    let mut sign_in = Box::pin(sign_in_from(&app, "198.51.100.1:1", &owner.email, PASSWORD));
    let answer = loop {
        tokio::select! {
            biased;
            Some(registered) = registrations.next() => {
                registered.expect(202);
                finished += 1;
            }
            answer = &mut sign_in => break answer,
        }
    };
    answer.expect(200);
    assert!(finished < REGISTRATIONS / 2, "{finished} went first");
    while let Some(registered) = registrations.next().await {
        registered.expect(202);
    }
    app.run_jobs().await;
}
