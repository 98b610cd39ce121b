//! Failed sign-ins lock out the network that fails, and no other.

use serde_json::json;

use crate::app::{PASSWORD, TestApp};
use crate::password_guessing::sign_in_from;

const OWN_NETWORK: &str = "198.51.100.1:1";

#[tokio::test]
async fn a_stranger_cannot_lock_an_account() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let attacker = "203.0.113.9:1";
    for _ in 0..10 {
        sign_in_from(&app, attacker, &owner.email, "a guess of mine")
            .await
            .expect_problem(401, "invalid_credentials");
    }
    sign_in_from(&app, attacker, &owner.email, PASSWORD)
        .await
        .expect_problem(429, "rate_limited");
    sign_in_from(&app, OWN_NETWORK, &owner.email, PASSWORD)
        .await
        .expect(200);
    // The owner's success doesn't free the attacker's network.
    sign_in_from(&app, attacker, &owner.email, PASSWORD)
        .await
        .expect_problem(429, "rate_limited");
}

#[tokio::test]
async fn failures_from_many_networks_delay_the_owner_and_lock_nobody_out() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for n in 0..101 {
        let network = format!("203.0.113.{n}:1");
        sign_in_from(&app, &network, &owner.email, "a guess of mine")
            .await
            .expect_problem(401, "invalid_credentials");
    }
    sign_in_from(&app, OWN_NETWORK, &owner.email, PASSWORD)
        .await
        .expect(200);
}

#[tokio::test]
async fn an_owner_who_failed_resets_the_password_and_signs_in() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for _ in 0..10 {
        sign_in_from(&app, OWN_NETWORK, &owner.email, "a guess of mine")
            .await
            .expect_problem(401, "invalid_credentials");
    }
    app.anonymous()
        .post("/auth/password-reset", json!({"email": owner.email}))
        .await
        .expect(202);
    app.run_jobs().await;
    let token = super::mailed_token(&app, &owner.email).await;
    let body = json!({"token": token, "password": "modou-vend-du-mil"});
    app.anonymous()
        .post("/auth/password-reset/confirm", body)
        .await
        .expect(204);
    sign_in_from(&app, OWN_NETWORK, &owner.email, "modou-vend-du-mil")
        .await
        .expect(200);
}
