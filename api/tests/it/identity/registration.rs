//! Registrations: an account exists once the mailed link is opened with its password.

use std::time::Duration;

use serde_json::{Value, json};

use super::mailed_token;
use crate::app::{CONSOLE_URL, PASSWORD, TestApp, TestResponse};

const EMAIL: &str = "awa@example.sn";
const OTHER_PASSWORD: &str = "fatou-vend-du-sel";

async fn register(app: &TestApp, email: &str, password: &str) -> TestResponse {
    let body = json!({
        "email": email, "password": password, "full_name": "Awa Diop",
        "company_name": "Boutique Awa", "phone": "77 123 45 67", "language": "en",
    });
    let answer = app.anonymous().post("/auth/register", body).await;
    app.run_jobs().await;
    answer
}

async fn confirm(app: &TestApp, token: &str, password: &str) -> TestResponse {
    let body = json!({"token": token, "password": password});
    app.anonymous().post("/auth/register/confirm", body).await
}

#[tokio::test]
async fn a_person_registers_with_a_company_and_lists_it() {
    let app = TestApp::start().await;
    register(&app, " Awa@Example.SN ", PASSWORD)
        .await
        .expect(202);
    let mail = app.list_messages_to(EMAIL).await[0].to_string();
    let link = format!("{CONSOLE_URL}/confirm-registration#");
    assert!(mail.contains(&link), "{mail}");
    app.attempt_sign_in(EMAIL, PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");

    let token = mailed_token(&app, EMAIL).await;
    let body = confirm(&app, &token, PASSWORD).await.expect(201);
    assert_eq!(body["user"]["email"], EMAIL);
    assert_eq!(body["user"]["phone"], "+221771234567");
    let company = &body["company"];
    assert_eq!(
        (
            &company["currency"],
            &company["timezone"],
            &company["language"]
        ),
        (&json!("XOF"), &json!("Africa/Dakar"), &json!("en"))
    );
    let session = app
        .attempt_sign_in("AWA@example.sn", PASSWORD)
        .await
        .expect(200);
    assert_eq!(
        session["companies"],
        json!([{"id": company["id"], "name": "Boutique Awa", "role": "owner"}])
    );
    assert_eq!(
        (&session["token_type"], &session["expires_in"]),
        (&json!("bearer"), &json!(900))
    );
    confirm(&app, &token, PASSWORD)
        .await
        .expect_problem(404, "token_invalid");
}

#[tokio::test]
async fn the_link_needs_the_password_and_expires_after_a_week() {
    let app = TestApp::start().await;
    register(&app, EMAIL, PASSWORD).await.expect(202);
    let token = mailed_token(&app, EMAIL).await;
    confirm(&app, &token, OTHER_PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");
    confirm(&app, "unknown", PASSWORD)
        .await
        .expect_problem(404, "token_invalid");
    app.advance(Duration::from_secs(7 * 86_400 + 1)).await;
    confirm(&app, &token, PASSWORD)
        .await
        .expect_problem(404, "token_invalid");
    let mut tx = app.db.db.begin_engine().await.unwrap();
    domain::identity::sweep::delete_expired(&mut tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let left = sqlx::query_scalar!("select count(*) from registrations")
        .fetch_one(&mut app.owner().await)
        .await
        .unwrap();
    assert_eq!(left, Some(0));
}

#[tokio::test]
async fn a_strangers_registration_gives_the_stranger_nothing() {
    let app = TestApp::start().await;
    // A stranger registers the address first, and its owner second.
    register(&app, EMAIL, OTHER_PASSWORD).await.expect(202);
    let strangers = mailed_token(&app, EMAIL).await;
    register(&app, EMAIL, PASSWORD).await.expect(202);
    let own = mailed_token(&app, EMAIL).await;
    // The owner opens the stranger's link by mistake.
    confirm(&app, &strangers, PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");
    confirm(&app, &own, PASSWORD).await.expect(201);
    confirm(&app, &strangers, OTHER_PASSWORD)
        .await
        .expect_problem(409, "email_taken");
    app.attempt_sign_in(EMAIL, OTHER_PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");
    app.attempt_sign_in(EMAIL, PASSWORD).await.expect(200);
}

/// What a stranger can observe: the response, the stored rows of the same kinds, and a sign-in.
async fn observe_registration(app: &TestApp, email: &str) -> (String, Vec<String>, Value) {
    let body = json!({"email": email, "password": OTHER_PASSWORD, "full_name": "Awa Diop"});
    let answer = app.anonymous().post("/auth/register", body).await;
    let text = answer.text.clone();
    answer.expect(202);
    let kinds = sqlx::query_scalar!("select kind from jobs_open order by id")
        .fetch_all(&mut app.owner().await)
        .await
        .unwrap();
    app.run_jobs().await;
    let sign_in = app.attempt_sign_in(email, OTHER_PASSWORD).await;
    let mut problem = sign_in.expect_problem(401, "invalid_credentials");
    problem["request_id"] = Value::Null;
    (text, kinds, problem)
}

#[tokio::test]
async fn registering_a_known_address_looks_as_registering_a_new_one() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let known = observe_registration(&app, &owner.email).await;
    let new = observe_registration(&app, "new@example.sn").await;
    assert_eq!(known, new);

    let notice = app.list_messages_to(&owner.email).await;
    assert_eq!(notice.len(), 1);
    assert_eq!(notice[0]["subject"], "Vous avez déjà un compte Vigie");
    assert!(!notice[0].to_string().contains('#'), "no link: {notice:?}");
    app.attempt_sign_in(&owner.email, PASSWORD)
        .await
        .expect(200);
}

#[tokio::test]
async fn the_job_of_a_registration_holds_no_secret() {
    let app = TestApp::start().await;
    register(&app, EMAIL, PASSWORD).await.expect(202);
    let token = mailed_token(&app, EMAIL).await;
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
async fn members_are_invited_and_not_created_with_a_password() {
    let app = TestApp::start().await;
    let owner = app.with_registration(EMAIL).await;
    let body = json!({"email": "m@example.sn", "full_name": "Modou Fall", "role": "member"});
    owner
        .post(&format!("/companies/{}/members", owner.company()), body)
        .await
        .expect_problem(405, "method_not_allowed");
}
