//! Password resets.

use std::time::Duration;

use serde_json::json;

use super::mailed_token;
use crate::app::TestApp;

#[tokio::test]
async fn a_forgotten_password_is_reset_once_by_e_mail() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let nobody = app.anonymous();
    let known = nobody
        .post("/auth/password-reset", json!({"email": owner.email}))
        .await;
    let unknown = nobody
        .post(
            "/auth/password-reset",
            json!({"email": "nobody@example.sn"}),
        )
        .await;
    assert_eq!((known.status, known.text), (unknown.status, unknown.text));
    app.run_jobs().await;
    assert!(app.list_messages_to("nobody@example.sn").await.is_empty());

    let token = mailed_token(&app, &owner.email).await;
    let confirm = |password: &str| {
        nobody.post(
            "/auth/password-reset/confirm",
            json!({"token": token, "password": password}),
        )
    };
    confirm("password")
        .await
        .expect_problem(422, "invalid_input");
    confirm("modou-vend-du-mil").await.expect(204);
    confirm("modou-vend-du-sel")
        .await
        .expect_problem(404, "token_invalid");
    owner
        .get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");
    app.attempt_sign_in(&owner.email, "modou-vend-du-mil")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_reset_expires_after_an_hour() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    app.anonymous()
        .post("/auth/password-reset", json!({"email": owner.email}))
        .await
        .expect(202);
    app.run_jobs().await;
    let token = mailed_token(&app, &owner.email).await;
    app.advance(Duration::from_secs(3_601)).await;
    let body = json!({"token": token, "password": "modou-vend-du-mil"});
    app.anonymous()
        .post("/auth/password-reset/confirm", body)
        .await
        .expect_problem(404, "token_invalid");
}

#[tokio::test]
async fn the_job_of_a_reset_holds_no_secret() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    app.anonymous()
        .post("/auth/password-reset", json!({"email": owner.email}))
        .await
        .expect(202);
    app.run_jobs().await;
    let token = mailed_token(&app, &owner.email).await;
    let stored: Vec<Option<String>> = sqlx::query_scalar!(
        "select args from job_bodies union all select result from jobs_finished"
    )
    .fetch_all(&mut app.owner().await)
    .await
    .unwrap();
    assert!(
        !stored.is_empty() && stored.iter().flatten().all(|text| !text.contains(&token)),
        "{stored:?}"
    );
}

#[tokio::test]
async fn a_reset_writes_the_same_job_whether_or_not_the_address_has_an_account() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for email in [owner.email.as_str(), "nobody@example.sn"] {
        app.anonymous()
            .post("/auth/password-reset", json!({ "email": email }))
            .await
            .expect(202);
    }
    let kinds = sqlx::query_scalar!("select kind from jobs_open order by id")
        .fetch_all(&mut app.owner().await)
        .await
        .unwrap();
    assert_eq!(kinds, ["identity.send_password_reset"; 2]);
    app.run_jobs().await;
    assert_eq!(app.list_messages_to(&owner.email).await.len(), 1);
    assert!(app.list_messages_to("nobody@example.sn").await.is_empty());
}
