//! Request ids, and the platform's operators.

use axum::body::Body;
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use domain::identity;
use serde_json::json;

use crate::app::{PASSWORD, TestApp};
use crate::shop::{insert_product, set_level};

#[tokio::test]
async fn a_well_formed_request_id_is_kept_and_another_replaced() {
    let app = TestApp::start().await;
    for (given, taken) in [
        ("order-7_a.b:c", true),
        ("no spaces", false),
        ("", false),
        (&"x".repeat(129), false),
    ] {
        let request = Request::get("/health/live")
            .header("X-Request-ID", given)
            .body(Body::empty())
            .unwrap();
        let answer = app.send_request(request).await;
        let id = answer.header("x-request-id").unwrap();
        assert_eq!(id == given, taken, "{given:?} became {id:?}");
        assert!(!id.is_empty());
    }
}

#[tokio::test]
async fn an_operator_is_no_member_of_any_company_and_is_audited() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let mut conn = app.owner().await;
    let now = platform::db::load_now(&mut conn).await.unwrap();
    let hash = identity::password::hash_password(PASSWORD);
    let id =
        identity::operators::create_operator(&mut conn, "ops@vigie.example", "Ops", &hash, now)
            .await
            .unwrap();
    let form = format!("username=ops%40vigie.example&password={PASSWORD}");
    let request = Request::post("/api/v1/auth/operator-token")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    let session = app.send_request(request).await.expect(200);
    app.attempt_sign_in("ops@vigie.example", PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");

    let operator = owner.with_token(session["access_token"].as_str().unwrap());
    let queues = operator.get("/queues").await.expect(200);
    assert_eq!(queues["next_cursor"], json!(null));
    operator
        .get("/api-keys")
        .await
        .expect_problem(401, "unauthenticated");
    operator
        .get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");
    owner
        .get("/queues")
        .await
        .expect_problem(401, "unauthenticated");
    let acts = sqlx::query_scalar!("select action from audit_log where actor_id = $1", id.0)
        .fetch_all(&mut conn)
        .await
        .unwrap();
    assert_eq!(acts, ["ops.list_queues"]);

    sqlx::query!("update operators set active = false")
        .execute(&mut conn)
        .await
        .unwrap();
    operator
        .get("/queues")
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn one_trace_goes_from_the_request_to_the_messages_that_it_caused() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let shelf = insert_product(&owner, "Riz").await;
    set_level(&owner, shelf, 0).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
    let headers = [
        ("X-Request-ID", "r-17"),
        ("traceparent", traceparent.as_str()),
    ];
    owner
        .send("POST", "/alerts/evaluations", None, &headers)
        .await
        .expect(202);
    app.run_jobs().await;
    let found = owner.get("/jobs?q=r-17").await.expect(200);
    let mut kinds: Vec<_> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["kind"].as_str().unwrap())
        .collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        [
            "alerts.evaluate",
            "notifications.send_message",
            "notifications.send_message"
        ]
    );
    let traces = sqlx::query_scalar!(
        r#"select distinct split_part(traceparent, '-', 2) as "trace!" from job_bodies where request_id = 'r-17'"#
    )
    .fetch_all(&mut app.owner().await)
    .await
    .unwrap();
    assert_eq!(traces, [trace]);
}
