//! A new password ends every way in from before: sessions, keys, links and invitations.

use domain::identity::Role;
use serde_json::json;

use super::mailed_token;
use crate::app::{Client, PASSWORD, TestApp};

const NEW_PASSWORD: &str = "modou-vend-du-mil";

/// Creates an API key and returns a client that uses it.
async fn create_key<'a>(person: &Client<'a>) -> Client<'a> {
    let key = json!({"name": "Caisse", "role": "viewer"});
    let created = person.post("/api-keys", key).await.expect(201);
    person.with_token(created["key"].as_str().unwrap())
}

/// Requests a reset and returns the token of its message.
async fn request_reset(app: &TestApp, email: &str) -> String {
    app.anonymous()
        .post("/auth/password-reset", json!({"email": email}))
        .await
        .expect(202);
    app.run_jobs().await;
    mailed_token(app, email).await
}

async fn confirm_reset(app: &TestApp, token: &str) -> crate::app::TestResponse {
    let body = json!({"token": token, "password": NEW_PASSWORD});
    app.anonymous()
        .post("/auth/password-reset/confirm", body)
        .await
}

async fn invite(by: &Client<'_>, email: &str) -> String {
    let path = format!("/companies/{}/invitations", by.company());
    by.post(&path, json!({"email": email, "role": "admin"}))
        .await
        .expect(201);
    by.app.run_jobs().await;
    mailed_token(by.app, email).await
}

#[tokio::test]
async fn a_reset_ends_sessions_keys_links_and_invitations_and_forgives() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let admin = owner.with_user(Role::Admin).await;
    let session = app
        .attempt_sign_in(&admin.email, PASSWORD)
        .await
        .expect(200);
    let (machine, other_machine) = (create_key(&admin).await, create_key(&owner).await);
    let invitation = invite(&admin, "accomplice@example.sn").await;
    let (older, newer) = (
        request_reset(&app, &admin.email).await,
        request_reset(&app, &admin.email).await,
    );
    for _ in 0..10 {
        app.attempt_sign_in(&admin.email, "a guess of mine")
            .await
            .expect_problem(401, "invalid_credentials");
    }
    confirm_reset(&app, &newer).await.expect(204);

    confirm_reset(&app, &older)
        .await
        .expect_problem(404, "token_invalid");
    for client in [&admin, &machine] {
        client
            .get("/products")
            .await
            .expect_problem(401, "unauthenticated");
    }
    let refresh = json!({"refresh_token": session["refresh_token"]});
    app.anonymous()
        .post("/auth/refresh", refresh)
        .await
        .expect_problem(401, "unauthenticated");
    let accept = json!({"token": invitation, "full_name": "X", "password": PASSWORD});
    app.anonymous()
        .post("/invitations/accept", accept)
        .await
        .expect_problem(404, "token_invalid");
    // The failed sign-ins are forgiven, and other people keep their keys.
    app.attempt_sign_in(&admin.email, NEW_PASSWORD)
        .await
        .expect(200);
    other_machine.get("/products").await.expect(200);
}

#[tokio::test]
async fn a_changed_password_ends_keys_and_links_and_keeps_its_session() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let machine = create_key(&owner).await;
    let link = request_reset(&app, &owner.email).await;
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    owner.post("/auth/password", change).await.expect(204);
    owner.get("/products").await.expect(200);
    machine
        .get("/products")
        .await
        .expect_problem(401, "unauthenticated");
    confirm_reset(&app, &link)
        .await
        .expect_problem(404, "token_invalid");
}

#[tokio::test]
async fn a_key_ends_with_its_makers_account_and_membership() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for end in ["deactivated", "removed", "closed"] {
        let admin = owner.with_user(Role::Admin).await;
        let machine = create_key(&admin).await;
        let invitation = invite(&admin, "accomplice@example.sn").await;
        machine.get("/products").await.expect(200);
        let path = format!("/companies/{}/members/{}", owner.company(), admin.user);
        match end {
            "deactivated" => {
                let change = json!({"active": false});
                owner.patch(&path, change).await.expect(200);
            }
            "removed" => {
                owner.delete(&path).await.expect(204);
            }
            _ => {
                let id = admin.user.0;
                sqlx::query!("update users set active = false where id = $1", id)
                    .execute(&mut app.owner().await)
                    .await
                    .unwrap();
            }
        }
        machine
            .get("/products")
            .await
            .expect_problem(401, "unauthenticated");
        if end != "closed" {
            let accept = json!({"token": invitation, "full_name": "X", "password": PASSWORD});
            app.anonymous()
                .post("/invitations/accept", accept)
                .await
                .expect_problem(404, "token_invalid");
        }
    }
}

#[tokio::test]
async fn a_hijacked_registration_gives_nothing_after_the_owners_reset() {
    let app = TestApp::start().await;
    let email = "awa@example.sn";
    let hijacker = app.with_registration(email).await;
    let verification = mailed_token(&app, email).await;
    let session = app.attempt_sign_in(email, PASSWORD).await.expect(200);
    let machine = create_key(&hijacker).await;
    let rule = json!({
        "name": "x", "kind": "rupture", "channels": ["email"],
        "recipients": [{"address": "hijacker@example.sn"}, {"user_id": hijacker.user}],
    });
    hijacker.post("/alert-rules", rule).await.expect(201);

    let link = request_reset(&app, email).await;
    confirm_reset(&app, &link).await.expect(204);
    for client in [&hijacker, &machine] {
        client
            .get("/products")
            .await
            .expect_problem(401, "unauthenticated");
    }
    let refresh = json!({"refresh_token": session["refresh_token"]});
    app.anonymous()
        .post("/auth/refresh", refresh)
        .await
        .expect_problem(401, "unauthenticated");
    app.attempt_sign_in(email, PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");

    let session = app.attempt_sign_in(email, NEW_PASSWORD).await.expect(200);
    let owner = hijacker.with_token(session["access_token"].as_str().unwrap());
    let me = owner.get("/auth/me").await.expect(200);
    assert!(me["verified_at"].is_string(), "{me}");
    // Messages for the owner would go to the hijacker's telephone.
    assert_eq!(me["phone"], json!(null));
    let rules = owner.get("/alert-rules").await.expect(200);
    assert!(!rules.to_string().contains("hijacker"), "{rules}");
    assert_eq!(rules.to_string().matches("user_id").count(), 4, "{rules}");
    owner
        .post(
            "/auth/email-verification/confirm",
            json!({"token": verification}),
        )
        .await
        .expect_problem(404, "token_invalid");
}
