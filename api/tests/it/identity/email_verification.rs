//! The verification of an account's address, and what waits for it.

use serde_json::json;

use super::mailed_token;
use crate::app::{Client, TestApp, TestResponse};
use crate::shop::{evaluate_alerts, insert_product, list_alerts, list_messages, set_level};

const EMAIL: &str = "awa@example.sn";

async fn confirm(client: &Client<'_>, token: &str) -> TestResponse {
    let body = json!({ "token": token });
    client.post("/auth/email-verification/confirm", body).await
}

async fn invite(client: &Client<'_>) -> TestResponse {
    let path = format!("/companies/{}/invitations", client.company());
    let body = json!({"email": "fatou@example.sn", "role": "viewer"});
    client.post(&path, body).await
}

#[tokio::test]
async fn a_company_invites_and_sends_once_its_owners_address_is_verified() {
    let app = TestApp::start().await;
    let owner = app.with_registration(EMAIL).await;
    let token = mailed_token(&app, EMAIL).await;
    assert_eq!(
        owner.get("/auth/me").await.expect(200)["verified_at"],
        json!(null)
    );
    invite(&owner).await.expect_problem(403, "email_unverified");
    let first = insert_product(&owner, "Riz").await;
    set_level(&owner, first, 0).await;
    let rule = json!({
        "name": "x", "kind": "rupture", "channels": ["email"],
        "recipients": [{"address": "stranger@example.sn"}],
    });
    owner.post("/alert-rules", rule).await.expect(201);
    evaluate_alerts(&owner).await;
    assert!(!list_alerts(&owner, "open").await.is_empty());
    for channel in ["email", "whatsapp"] {
        assert!(list_messages(&owner, channel).await.is_empty(), "{channel}");
    }

    confirm(&owner, &token).await.expect(204);
    confirm(&owner, &token)
        .await
        .expect_problem(404, "token_invalid");
    let me = owner.get("/auth/me").await.expect(200);
    assert!(me["verified_at"].is_string(), "{me}");
    invite(&owner).await.expect(201);
    // The alert that waited is sent.
    app.run_jobs().await;
    let messages = list_messages(&owner, "whatsapp").await;
    assert!(messages[0].to_string().contains("Riz"), "{messages:?}");
    let stranger = app.list_messages_to("stranger@example.sn").await;
    assert_eq!(stranger.len(), 1);
}

#[tokio::test]
async fn the_link_verifies_with_a_session_of_its_account_alone() {
    let app = TestApp::start().await;
    let owner = app.with_registration(EMAIL).await;
    let other = app.with_company().await;
    let token = mailed_token(&app, EMAIL).await;
    // Whoever reads the address of a hijacked registration must not verify it by opening the link.
    confirm(&app.anonymous(), &token)
        .await
        .expect_problem(401, "unauthenticated");
    confirm(&other, &token)
        .await
        .expect_problem(403, "forbidden");
    confirm(&owner, "unknown")
        .await
        .expect_problem(404, "token_invalid");
    confirm(&owner, &token).await.expect(204);
    app.run_jobs().await;
}

#[tokio::test]
async fn another_link_is_mailed_on_request_until_the_address_is_verified() {
    let app = TestApp::start().await;
    let owner = app.with_registration(EMAIL).await;
    let again = || owner.post("/auth/email-verification", json!({}));
    again().await.expect(202);
    app.run_jobs().await;
    assert_eq!(app.list_messages_to(EMAIL).await.len(), 2);
    confirm(&owner, &mailed_token(&app, EMAIL).await)
        .await
        .expect(204);
    again().await.expect(204);
    app.run_jobs().await;
    assert_eq!(app.list_messages_to(EMAIL).await.len(), 2);
}

#[tokio::test]
async fn members_are_invited_and_not_created_with_a_password() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let body = json!({"email": "m@example.sn", "full_name": "Modou Fall", "role": "member"});
    owner
        .post(&format!("/companies/{}/members", owner.company()), body)
        .await
        .expect_problem(405, "method_not_allowed");
}
