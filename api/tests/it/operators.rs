//! The platform's operators: two factors, sessions that end, and no power in a company.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use domain::identity::operators::{self, NewOperator, OperatorId};
use domain::identity::password::hash_password;
use serde_json::json;
use totp_rs::{Builder, Secret};

use crate::app::{Client, PASSWORD, TestApp, TestResponse, encode};
use crate::shop::read_clock;

const EMAIL: &str = "ops@vigie.example";
const TOTP_SECRET: [u8; 20] = *b"12345678901234567890";

pub(crate) async fn create_operator(app: &TestApp) -> OperatorId {
    let id = OperatorId::new();
    let context = format!("operators:{id}");
    let sealed = app.services.keyring.seal(&context, &TOTP_SECRET);
    let operator = NewOperator {
        id,
        email: EMAIL,
        full_name: "Ops",
        password_hash: &hash_password(PASSWORD),
        sealed_totp_secret: &sealed,
    };
    let now = read_clock(app).await;
    operators::create_operator(&mut app.owner().await, &operator, now)
        .await
        .unwrap();
    id
}

/// The code that the operator's device shows now.
async fn current_code(app: &TestApp) -> String {
    let seconds = read_clock(app).await.timestamp().unsigned_abs();
    let secret = Secret::new(TOTP_SECRET.into());
    let totp = Builder::new().with_secret(secret).build().unwrap();
    totp.generate(seconds).to_string()
}

async fn sign_in(app: &TestApp, password: &str, otp: Option<&str>) -> TestResponse {
    let mut form = format!("username={}&password={}", encode(EMAIL), encode(password));
    if let Some(otp) = otp {
        form.push_str(&format!("&otp={}", encode(otp)));
    }
    let request = Request::post("/api/v1/auth/operator-token")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    app.send_request(request).await
}

/// Signs the operator in with both factors.
pub(crate) async fn sign_in_with_code<'a>(app: &TestApp, client: &Client<'a>) -> Client<'a> {
    let code = current_code(app).await;
    let session = sign_in(app, PASSWORD, Some(&code)).await.expect(200);
    client.with_token(session["access_token"].as_str().unwrap())
}

#[tokio::test]
async fn an_operator_signs_in_with_password_and_code_once() {
    let app = TestApp::start().await;
    create_operator(&app).await;
    let code = current_code(&app).await;
    let missing = sign_in(&app, PASSWORD, None).await;
    let problem = missing.expect_problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["field"], "otp");
    for (password, otp) in [("not the password", code.as_str()), (PASSWORD, "000000")] {
        sign_in(&app, password, Some(otp))
            .await
            .expect_problem(401, "invalid_credentials");
    }
    sign_in(&app, PASSWORD, Some(&code)).await.expect(200);
    // A person who has seen the code cannot use it again.
    sign_in(&app, PASSWORD, Some(&code))
        .await
        .expect_problem(401, "invalid_credentials");
    app.advance(Duration::from_secs(60)).await;
    let next = current_code(&app).await;
    sign_in(&app, PASSWORD, Some(&next)).await.expect(200);
}

#[tokio::test]
async fn an_operators_session_ends_by_its_own_sign_out_or_the_administrator() {
    let app = TestApp::start().await;
    let id = create_operator(&app).await;
    let mut conn = app.owner().await;
    for end in ["sign-out", "ended", "disabled"] {
        let code = current_code(&app).await;
        let session = sign_in(&app, PASSWORD, Some(&code)).await.expect(200);
        let token = session["access_token"].as_str().unwrap();
        let operator = app.anonymous().with_token(token);
        operator.get("/queues").await.expect(200);
        let now = read_clock(&app).await;
        match end {
            "sign-out" => {
                let path = "/auth/operator-logout";
                operator.post(path, json!({})).await.expect(204);
            }
            "ended" => operators::end_operator_sessions(&mut conn, id, now)
                .await
                .unwrap(),
            _ => operators::set_operator_active(&mut conn, id, false)
                .await
                .unwrap(),
        }
        operator
            .get("/queues")
            .await
            .expect_problem(401, "unauthenticated");
        app.advance(Duration::from_secs(60)).await;
    }
    let code = current_code(&app).await;
    sign_in(&app, PASSWORD, Some(&code))
        .await
        .expect_problem(401, "invalid_credentials");
    let listed = operators::list_operators(&mut conn).await.unwrap();
    assert!(!listed[0].active && listed[0].open_sessions == 1);
}

#[tokio::test]
async fn an_operator_is_no_member_of_any_company_and_is_audited() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let id = create_operator(&app).await;
    let code = current_code(&app).await;
    let session = sign_in(&app, PASSWORD, Some(&code)).await.expect(200);
    app.attempt_sign_in(EMAIL, PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");

    let operator = owner.with_token(session["access_token"].as_str().unwrap());
    let queues = operator.get("/queues").await.expect(200);
    assert_eq!(queues["next_cursor"], json!(null));
    for path in ["/api-keys", "/auth/me"] {
        operator
            .get(path)
            .await
            .expect_problem(401, "unauthenticated");
    }
    owner
        .get("/queues")
        .await
        .expect_problem(401, "unauthenticated");
    let acts = sqlx::query_scalar!("select action from audit_log where actor_id = $1", id.0)
        .fetch_all(&mut app.owner().await)
        .await
        .unwrap();
    assert_eq!(acts, ["ops.list_queues"]);
}
