//! Sessions: signing in, refreshing, and signing out.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::identity::Role;
use serde_json::json;

use crate::app::{PASSWORD, TestApp};

#[tokio::test]
async fn an_access_token_lasts_fifteen_minutes() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    app.advance(Duration::from_secs(14 * 60)).await;
    owner.get("/auth/me").await.expect(200);
    app.advance(Duration::from_secs(2 * 60)).await;
    owner
        .get("/auth/me")
        .await
        .expect_problem(401, "token_expired");
    owner
        .get("/api-keys")
        .await
        .expect_problem(401, "token_expired");
}

#[tokio::test]
async fn a_reused_refresh_token_ends_the_whole_session() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let first = app
        .attempt_sign_in(&owner.email, PASSWORD)
        .await
        .expect(200);
    let nobody = app.anonymous();
    let refresh =
        |token: &serde_json::Value| nobody.post("/auth/refresh", json!({"refresh_token": token}));

    let second = refresh(&first["refresh_token"]).await.expect(200);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    let client = owner.with_token(second["access_token"].as_str().unwrap());
    client.get("/auth/me").await.expect(200);

    refresh(&first["refresh_token"])
        .await
        .expect_problem(401, "unauthenticated");
    refresh(&second["refresh_token"])
        .await
        .expect_problem(401, "unauthenticated");
    client
        .get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");
    owner.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn of_two_concurrent_refreshes_one_wins() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let session = app
        .attempt_sign_in(&owner.email, PASSWORD)
        .await
        .expect(200);
    let nobody = app.anonymous();
    let refresh = || {
        nobody.post(
            "/auth/refresh",
            json!({"refresh_token": session["refresh_token"]}),
        )
    };
    let (one, other) = tokio::join!(refresh(), refresh());
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}

#[tokio::test]
async fn a_refresh_token_expires_after_thirty_idle_days() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let session = app
        .attempt_sign_in(&owner.email, PASSWORD)
        .await
        .expect(200);
    app.advance(Duration::from_secs(29 * 86_400)).await;
    let body = json!({"refresh_token": session["refresh_token"]});
    let session = app
        .anonymous()
        .post("/auth/refresh", body)
        .await
        .expect(200);
    app.advance(Duration::from_secs(31 * 86_400)).await;
    let body = json!({"refresh_token": session["refresh_token"]});
    app.anonymous()
        .post("/auth/refresh", body)
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_session_ends_ninety_days_after_it_began() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let nobody = app.anonymous();
    let mut session = app
        .attempt_sign_in(&owner.email, PASSWORD)
        .await
        .expect(200);
    let refresh = |session: &serde_json::Value| {
        nobody.post(
            "/auth/refresh",
            json!({"refresh_token": session["refresh_token"]}),
        )
    };
    for _ in 0..4 {
        app.advance(Duration::from_secs(22 * 86_400)).await;
        session = refresh(&session).await.expect(200);
    }
    app.advance(Duration::from_secs(2 * 86_400)).await;
    refresh(&session)
        .await
        .expect_problem(401, "unauthenticated");
    owner
        .with_token(session["access_token"].as_str().unwrap())
        .get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn used_refresh_tokens_are_deleted_after_a_week() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let mut session = app
        .attempt_sign_in(&owner.email, PASSWORD)
        .await
        .expect(200);
    for _ in 0..3 {
        let body = json!({"refresh_token": session["refresh_token"]});
        session = app
            .anonymous()
            .post("/auth/refresh", body)
            .await
            .expect(200);
    }
    app.advance(Duration::from_secs(7 * 86_400 + 1)).await;
    let mut tx = app.db.db.begin_engine().await.unwrap();
    domain::identity::sweep::delete_expired(&mut tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let used = sqlx::query_scalar!("select count(*) from refresh_tokens where used_at is not null")
        .fetch_one(&mut app.owner().await)
        .await
        .unwrap();
    assert_eq!(used, Some(0));
    let body = json!({"refresh_token": session["refresh_token"]});
    app.anonymous()
        .post("/auth/refresh", body)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_refresh_token_alone_signs_out() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let session = app
        .attempt_sign_in(&owner.email, PASSWORD)
        .await
        .expect(200);
    let client = owner.with_token(session["access_token"].as_str().unwrap());
    let nobody = app.anonymous();
    let body = json!({"refresh_token": session["refresh_token"]});
    nobody
        .post("/auth/logout", json!({}))
        .await
        .expect_problem(401, "unauthenticated");
    nobody.post("/auth/logout", body.clone()).await.expect(204);
    client
        .get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");
    nobody
        .post("/auth/refresh", body.clone())
        .await
        .expect_problem(401, "unauthenticated");
    nobody.post("/auth/logout", body).await.expect(204);
    owner.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn logout_takes_effect_with_the_next_request() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    owner.post("/auth/logout", json!({})).await.expect(204);
    owner
        .get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");
    owner
        .get("/api-keys")
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn deactivating_a_member_takes_effect_with_the_next_request() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let member = owner.with_user(Role::Member).await;
    let path = format!("/companies/{}", owner.company());
    member.get(&path).await.expect(200);
    let of_member = format!("{path}/members/{}", member.user);
    owner
        .patch(&of_member, json!({"active": false}))
        .await
        .expect(200);
    member.get(&path).await.expect_problem(404, "not_found");
    member
        .get("/api-keys")
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn forged_tokens_are_rejected() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let token = owner.token.clone().unwrap();
    let claims = token.split('.').nth(1).unwrap();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let signature = token.rsplit('.').next().unwrap();
    let cut = &token[..token.len() - 2];
    for forged in [
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        cut.to_owned(),
        "nonsense".into(),
        String::new(),
    ] {
        let answer = owner.with_token(&forged).get("/auth/me").await;
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        answer.expect_problem(401, "unauthenticated");
    }
    app.anonymous()
        .get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_get_the_same_response() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let mut wrong = app
        .attempt_sign_in(&owner.email, "not the password")
        .await
        .expect_problem(401, "invalid_credentials");
    let mut unknown = app
        .attempt_sign_in("nobody@example.sn", "not the password")
        .await
        .expect_problem(401, "invalid_credentials");
    for body in [&mut wrong, &mut unknown] {
        body["request_id"] = json!(null);
    }
    assert_eq!(wrong, unknown);
}

#[tokio::test]
async fn guessing_a_password_locks_the_account_and_no_other() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let other = owner.with_user(Role::Viewer).await;
    for _ in 0..10 {
        app.attempt_sign_in(&owner.email, "a guess of mine")
            .await
            .expect_problem(401, "invalid_credentials");
    }
    let refused = app.attempt_sign_in(&owner.email, PASSWORD).await;
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    refused.expect_problem(429, "rate_limited");
    app.attempt_sign_in(&other.email, PASSWORD)
        .await
        .expect(200);
    app.advance(Duration::from_secs(15 * 60)).await;
    app.attempt_sign_in(&owner.email, PASSWORD)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let elsewhere = app.sign_in(&owner.email, owner.company).await;
    let change =
        |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    let wrong = owner
        .post("/auth/password", change("not mine", "modou-vend-du-mil"))
        .await;
    assert_eq!(
        wrong.expect_problem(422, "invalid_input")["errors"][0]["field"],
        "current_password"
    );
    let common = owner
        .post("/auth/password", change(PASSWORD, "password123"))
        .await;
    assert_eq!(
        common.expect_problem(422, "invalid_input")["errors"][0]["code"],
        "password_too_common"
    );

    owner
        .post("/auth/password", change(PASSWORD, "modou-vend-du-mil"))
        .await
        .expect(204);
    owner.get("/auth/me").await.expect(200);
    elsewhere
        .get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");
    app.attempt_sign_in(&owner.email, PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");
    app.attempt_sign_in(&owner.email, "modou-vend-du-mil")
        .await
        .expect(200);
}
