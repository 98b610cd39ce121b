//! Invitations.

use std::time::Duration;

use serde_json::json;

use super::mailed_token;
use crate::app::{PASSWORD, TestApp};

#[tokio::test]
async fn an_invitation_creates_an_account_and_a_member_once() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let path = format!("/companies/{}/invitations", owner.company());
    owner
        .post(
            &path,
            json!({"email": "Fatou@Example.sn", "role": "manager"}),
        )
        .await
        .expect(201);
    app.run_jobs().await;
    let token = mailed_token(&app, "fatou@example.sn").await;

    let nobody = app.anonymous();
    let bare = nobody
        .post("/invitations/accept", json!({"token": token}))
        .await;
    assert_eq!(
        bare.expect_problem(422, "invalid_input")["errors"][0]["field"],
        "password"
    );
    let acceptance = json!({"token": token, "full_name": "Fatou Sow", "password": PASSWORD});
    let accepted = nobody
        .post("/invitations/accept", acceptance.clone())
        .await
        .expect(200);
    assert_eq!(
        (&accepted["company"]["role"], &accepted["account_created"]),
        (&json!("manager"), &json!(true))
    );
    nobody
        .post("/invitations/accept", acceptance)
        .await
        .expect_problem(404, "token_invalid");
    app.sign_in("fatou@example.sn", owner.company)
        .await
        .get("/api-keys")
        .await
        .expect_problem(403, "forbidden");
}

#[tokio::test]
async fn an_invitation_adds_a_company_to_an_existing_account() {
    let app = TestApp::start().await;
    let (owner, other) = (app.with_company().await, app.with_company().await);
    let path = format!("/companies/{}/invitations", owner.company());
    owner
        .post(&path, json!({"email": other.email, "role": "viewer"}))
        .await
        .expect(201);
    app.run_jobs().await;
    let token = mailed_token(&app, &other.email).await;
    let accepted = other
        .post("/invitations/accept", json!({"token": token}))
        .await
        .expect(200);
    assert_eq!(accepted["account_created"], false);
    other
        .in_company(owner.company)
        .get(&format!("/companies/{}", owner.company()))
        .await
        .expect(200);
}

#[tokio::test]
async fn an_invitation_expires_after_a_week() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let path = format!("/companies/{}/invitations", owner.company());
    owner
        .post(
            &path,
            json!({"email": "fatou@example.sn", "role": "member"}),
        )
        .await
        .expect(201);
    app.run_jobs().await;
    let token = mailed_token(&app, "fatou@example.sn").await;
    app.advance(Duration::from_secs(7 * 86_400 + 1)).await;
    let body = json!({"token": token, "full_name": "Fatou Sow", "password": PASSWORD});
    app.anonymous()
        .post("/invitations/accept", body)
        .await
        .expect_problem(404, "token_invalid");
}
