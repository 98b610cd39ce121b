//! Responses that reveal nothing about which addresses have an account.

use serde_json::{Value, json};

use crate::app::{PASSWORD, TestApp, TestResponse};

async fn register(app: &TestApp, email: &str, password: &str) -> TestResponse {
    let body = json!({
        "email": email, "password": password, "full_name": "Awa Diop",
        "company_name": "Boutique", "phone": "+221771234599",
    });
    app.anonymous().post("/auth/register", body).await
}

/// The body without what differs between any two registrations.
fn without_ids(answer: TestResponse, email: &str) -> (Option<String>, String) {
    let location = answer.header("location").map(str::to_owned);
    let mut body = answer.expect(201);
    for part in ["user", "company"] {
        for field in ["id", "created_at"] {
            assert!(body[part][field].is_string(), "{body}");
            body[part][field] = Value::Null;
        }
    }
    (location, body.to_string().replace(email, "EMAIL"))
}

#[tokio::test]
async fn registering_a_known_address_responds_as_a_new_one_and_changes_nothing() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let count = async || {
        sqlx::query_scalar!(
            r#"select (select count(*) from users) + (select count(*) from companies)
                      + (select count(*) from memberships) + (select count(*) from alert_rules)
                      as "rows!""#
        )
        .fetch_one(&mut app.owner().await)
        .await
        .unwrap()
    };
    let before = count().await;
    let known = register(&app, &owner.email, "fatou-vend-du-sel").await;
    assert_eq!(count().await, before);
    let new = register(&app, "new@example.sn", "fatou-vend-du-sel").await;
    assert_eq!(
        without_ids(known, &owner.email),
        without_ids(new, "new@example.sn")
    );
    app.run_jobs().await;

    let notice = app.list_messages_to(&owner.email).await;
    assert_eq!(notice.len(), 1);
    assert_eq!(notice[0]["subject"], "Vous avez déjà un compte Vigie");
    app.attempt_sign_in(&owner.email, "fatou-vend-du-sel")
        .await
        .expect_problem(401, "invalid_credentials");
    app.attempt_sign_in(&owner.email, PASSWORD)
        .await
        .expect(200);
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
    assert_eq!(kinds, ["identity.send_account_link"; 2]);
    app.run_jobs().await;
    assert_eq!(app.list_messages_to(&owner.email).await.len(), 1);
    assert!(app.list_messages_to("nobody@example.sn").await.is_empty());
}
