//! Access to a company: invitations, removals, and limits of attempts.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use domain::identity::Role;
use domain::identity::password::hash_password;
use platform::crypto::hash_sha256;
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::app::{Client, PASSWORD, TestApp, TestResponse};
use crate::identity::mailed_token;

/// Invites an address and returns the token of its message.
async fn send_invitation(owner: &Client<'_>, email: &str) -> String {
    let path = format!("/companies/{}/invitations", owner.company());
    owner
        .post(&path, json!({"email": email, "role": "admin"}))
        .await
        .expect(201);
    owner.app.run_jobs().await;
    mailed_token(owner.app, email).await
}

async fn accept_invitation(client: &Client<'_>, token: &str) -> TestResponse {
    client
        .post("/invitations/accept", json!({"token": token}))
        .await
}

fn member_path(owner: &Client<'_>, of: &Client<'_>) -> String {
    format!("/companies/{}/members/{}", owner.company(), of.user)
}

/// Inserts a count of attempts under a key.
pub(crate) async fn insert_attempts(app: &TestApp, key: &str, tries: i32) {
    let digest = hash_sha256(key.as_bytes());
    sqlx::query!(
        "insert into login_attempts (key, window_started_at, attempts) values ($1, engine_now(), $2)",
        digest.as_slice(),
        tries,
    )
    .execute(&mut app.owner().await)
    .await
    .unwrap();
}

#[tokio::test]
async fn an_invited_account_must_prove_that_it_is_the_recipient_s() {
    let app = TestApp::start().await;
    let (owner, other, stranger) = (
        app.with_company().await,
        app.with_company().await,
        app.with_company().await,
    );
    let nobody = app.anonymous();
    let token = send_invitation(&owner, &other.email).await;
    let by = |password: &str| {
        nobody.post(
            "/invitations/accept",
            json!({"token": token, "password": password}),
        )
    };
    accept_invitation(&nobody, &token)
        .await
        .expect_problem(401, "sign_in_required");
    by("not-the-password")
        .await
        .expect_problem(401, "invalid_credentials");
    accept_invitation(&stranger, &token)
        .await
        .expect_problem(403, "forbidden");
    accept_invitation(&nobody.with_token("nonsense"), &token)
        .await
        .expect_problem(401, "unauthenticated");
    let joined = by(PASSWORD).await.expect(200);
    assert_eq!(
        (&joined["account_created"], &joined["company"]["role"]),
        (&json!(false), &json!("admin"))
    );

    let token = send_invitation(&owner, &stranger.email).await;
    accept_invitation(&stranger, &token).await.expect(200);
}

#[tokio::test]
async fn an_invitation_replaces_the_one_before() {
    let app = TestApp::start().await;
    let (owner, other) = (app.with_company().await, app.with_company().await);
    let (first, second) = (
        send_invitation(&owner, &other.email).await,
        send_invitation(&owner, &other.email).await,
    );
    accept_invitation(&other, &first)
        .await
        .expect_problem(404, "token_invalid");
    accept_invitation(&other, &second).await.expect(200);
}

#[tokio::test]
async fn a_removed_member_has_no_other_way_in() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let (leaver, sleeper) = (
        owner.with_user(Role::Admin).await,
        owner.with_user(Role::Admin).await,
    );
    let key = leaver
        .post("/api-keys", json!({"name": "Caisse", "role": "admin"}))
        .await
        .expect(201);
    let machine = leaver.with_token(key["key"].as_str().unwrap());
    let tokens = [
        send_invitation(&owner, &leaver.email).await,
        send_invitation(&owner, &sleeper.email).await,
    ];
    owner
        .delete(&member_path(&owner, &leaver))
        .await
        .expect(204);
    owner
        .patch(&member_path(&owner, &sleeper), json!({"active": false}))
        .await
        .expect(200);
    accept_invitation(&leaver, &tokens[0])
        .await
        .expect_problem(404, "token_invalid");
    accept_invitation(&sleeper, &tokens[1])
        .await
        .expect_problem(404, "token_invalid");

    let token = send_invitation(&owner, &leaver.email).await;
    accept_invitation(&leaver, &token).await.expect(200);
    leaver.get("/api-keys").await.expect(200);
    machine
        .get("/api-keys")
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn an_api_key_cannot_remove_its_creator() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let admin = owner.with_user(Role::Admin).await;
    for role in ["viewer", "admin"] {
        let key = admin
            .post("/api-keys", json!({"name": "Caisse", "role": role}))
            .await
            .expect(201);
        let machine = admin.with_token(key["key"].as_str().unwrap());
        machine
            .delete(&member_path(&owner, &admin))
            .await
            .expect_problem(403, "forbidden");
    }
    admin.delete(&member_path(&owner, &admin)).await.expect(204);
}

#[tokio::test]
async fn invitations_are_limited_per_inviter() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    insert_attempts(&app, &format!("invite-by:{}", owner.user), 49).await;
    let path = format!("/companies/{}/invitations", owner.company());
    let invitation = |n: u8| {
        owner.post(
            &path,
            json!({"email": format!("victim{n}@example.sn"), "role": "viewer"}),
        )
    };
    invitation(1).await.expect(201);
    let refused = invitation(2).await;
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((86_000..=86_400).contains(&wait), "{wait}");
    refused.expect_problem(429, "rate_limited");
    app.run_jobs().await;
    assert!(app.list_messages_to("victim2@example.sn").await.is_empty());
}

#[tokio::test]
async fn a_company_sends_twenty_invitations_a_day() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let admin = owner.with_user(Role::Admin).await;
    insert_attempts(&app, &format!("invite-for:{}", owner.company()), 19).await;
    let path = format!("/companies/{}/invitations", owner.company());
    let invitation = |n: u8| json!({"email": format!("v{n}@example.sn"), "role": "viewer"});
    owner.post(&path, invitation(1)).await.expect(201);
    for by in [&owner, &admin] {
        by.post(&path, invitation(2))
            .await
            .expect_problem(429, "rate_limited");
    }
    app.advance(std::time::Duration::from_secs(86_400)).await;
    let admin = app.sign_in(&admin.email, owner.company).await;
    admin.post(&path, invitation(2)).await.expect(201);
    app.run_jobs().await;
}

#[tokio::test]
async fn registrations_are_counted_by_address_and_phone() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    let register = |email: String, phone: &str| {
        let body =
            json!({"email": email, "password": PASSWORD, "full_name": "Awa Diop", "phone": phone});
        nobody.post("/auth/register", body)
    };
    for n in 0..3 {
        register("awa@example.sn".into(), &format!("+22177123450{n}"))
            .await
            .expect(202);
    }
    register("awa@example.sn".into(), "+221771234509")
        .await
        .expect_problem(429, "rate_limited");
    insert_attempts(&app, "register:fatou@example.sn", 19).await;
    register("fatou@example.sn".into(), "+221771234510")
        .await
        .expect(202);
    register("fatou@example.sn".into(), "+221771234511")
        .await
        .expect_problem(429, "rate_limited");
    for n in 0..5 {
        register(format!("p{n}@example.sn"), "+221771234567")
            .await
            .expect(202);
    }
    register("p9@example.sn".into(), "+221771234567")
        .await
        .expect_problem(429, "rate_limited");
    app.run_jobs().await;
}

#[tokio::test]
async fn registrations_are_counted_by_the_address_behind_trusted_proxies() {
    let app = TestApp::start().await;
    insert_attempts(&app, "register-from:9.9.9.9", 30).await;
    let register = async |connection: [u8; 4], forwarded: &str| {
        let body = json!({"email": app.new_email(), "password": PASSWORD, "full_name": "Awa Diop"});
        let request = Request::post("/api/v1/auth/register")
            .header(CONTENT_TYPE, "application/json")
            .header("X-Forwarded-For", forwarded)
            .extension(ConnectInfo(SocketAddr::from((connection, 80))))
            .body(Body::from(body.to_string()))
            .unwrap();
        app.send_request(request).await
    };
    register([9, 9, 9, 9], "1.2.3.4")
        .await
        .expect_problem(429, "rate_limited");
    register([10, 0, 0, 1], "1.2.3.4, 9.9.9.9")
        .await
        .expect_problem(429, "rate_limited");
    register([10, 0, 0, 1], "9.9.9.9, 1.2.3.4")
        .await
        .expect(202);
    app.run_jobs().await;
}

async fn has_lock_waiter(conn: &mut PgConnection) -> bool {
    sqlx::query_scalar!(
        r#"select exists (select from pg_stat_activity
                          where datname = current_database() and wait_event_type = 'Lock') as "waits!""#
    )
    .fetch_one(conn)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_concurrent_sign_in_does_not_survive_a_new_password() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let mut reset = app.owner().await;
    sqlx::raw_sql("begin").execute(&mut reset).await.unwrap();
    let hash = hash_password("modou-vend-du-mil");
    sqlx::query!(
        "update users set password_hash = $2 where id = $1",
        owner.user.0,
        hash
    )
    .execute(&mut reset)
    .await
    .unwrap();
    let mut watcher = app.owner().await;
    let finish = async {
        while !has_lock_waiter(&mut watcher).await {}
        sqlx::raw_sql("commit").execute(&mut reset).await.unwrap();
    };
    let (answer, ()) = tokio::join!(app.attempt_sign_in(&owner.email, PASSWORD), finish);
    answer.expect_problem(401, "invalid_credentials");
    app.attempt_sign_in(&owner.email, "modou-vend-du-mil")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_new_password_must_differ_from_the_current_one() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let change = json!({"current_password": PASSWORD, "new_password": PASSWORD});
    let problem = owner
        .post("/auth/password", change)
        .await
        .expect_problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["code"], "same_password");
}

#[tokio::test]
async fn companies_are_created_once_per_key() {
    let app = TestApp::start().await;
    let (owner, other) = (app.with_company().await, app.with_company().await);
    let key = [("Idempotency-Key", "the-same")];
    let make = async |client: &Client<'_>, path: &str, body: Value| {
        client.send("POST", path, Some(body), &key).await
    };
    let shop = json!({"name": "Quincaillerie"});
    let first = make(&owner, "/companies", shop.clone()).await;
    let again = make(&owner, "/companies", shop.clone()).await;
    let replayed = [&first, &again].map(|answer| answer.header("idempotent-replayed").is_some());
    assert_eq!(replayed, [false, true], "{} {}", first.text, again.text);
    assert_eq!(again.header("location"), first.header("location"));
    let (first, again) = (first.expect(201), again.expect(201));
    assert_eq!(again["id"], first["id"]);
    make(&owner, "/companies", json!({"name": "Other"}))
        .await
        .expect_problem(422, "idempotency_key_reused");
    let of_other = make(&other, "/companies", shop).await.expect(201);
    assert_ne!(of_other["id"], first["id"]);
    assert_eq!(
        owner.get("/auth/me").await.expect(200)["companies"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
