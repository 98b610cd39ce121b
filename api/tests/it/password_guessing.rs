//! The limit of failed sign-ins per address, over all accounts.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;

use crate::app::{PASSWORD, TestApp, TestResponse, encode};

/// Failed sign-ins that one address may make in fifteen minutes.
const MAX_FAILED_SIGN_INS: usize = 100;

pub(crate) async fn sign_in_from(
    app: &TestApp,
    address: &str,
    email: &str,
    password: &str,
) -> TestResponse {
    let form = format!("username={}&password={}", encode(email), encode(password));
    let mut request = Request::post("/api/v1/auth/token")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        // Headers that anybody can send must not count as the address.
        .header("X-Forwarded-For", "198.51.100.7")
        .header("Forwarded", "for=198.51.100.7")
        .header("X-Real-IP", "198.51.100.7")
        .body(Body::from(form))
        .unwrap();
    request
        .extensions_mut()
        .insert(ConnectInfo::<SocketAddr>(address.parse().unwrap()));
    app.send_request(request).await
}

#[tokio::test]
async fn an_address_that_guesses_many_accounts_is_limited_and_no_other() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for n in 0..MAX_FAILED_SIGN_INS {
        let (from, email) = (
            format!("203.0.113.9:{}", 40_000 + n),
            format!("guess{n}@example.sn"),
        );
        sign_in_from(&app, &from, &email, "password")
            .await
            .expect_problem(401, "invalid_credentials");
    }
    let refused = sign_in_from(&app, "203.0.113.9:1", &owner.email, PASSWORD).await;
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    refused.expect_problem(429, "rate_limited");
    sign_in_from(&app, "203.0.113.10:1", &owner.email, PASSWORD)
        .await
        .expect(200);
    sign_in_from(&app, "[2001:db8::9]:1", &owner.email, PASSWORD)
        .await
        .expect(200);
    app.advance(std::time::Duration::from_secs(15 * 60)).await;
    sign_in_from(&app, "203.0.113.9:1", &owner.email, PASSWORD)
        .await
        .expect(200);
}

#[tokio::test]
async fn successful_sign_ins_do_not_count_against_their_address() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let from = "203.0.113.9:1";
    for n in 0..MAX_FAILED_SIGN_INS - 1 {
        // An account is locked after ten failures, and a locked account verifies no password.
        let email = format!("guess{}@example.sn", n / 50);
        sign_in_from(&app, from, &email, "password")
            .await
            .expect_client_error();
    }
    for _ in 0..3 {
        sign_in_from(&app, from, &owner.email, PASSWORD)
            .await
            .expect(200);
    }
    sign_in_from(&app, from, &owner.email, "password")
        .await
        .expect_problem(401, "invalid_credentials");
    sign_in_from(&app, from, &owner.email, PASSWORD)
        .await
        .expect_problem(429, "rate_limited");
}
