//! A POST that is sent twice with one key takes effect once.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::app::{Client, TestApp, TestResponse};
use crate::filled_company::digest_rows;
use crate::routes;
use crate::shop::read_clock;

/// Every POST that takes no key, with its reason.
const WITHOUT_KEY: &[(&str, &str)] = &[
    (
        "/auth/register",
        "no account exists yet; an address registers once",
    ),
    ("/auth/token", "signing in"),
    ("/auth/operator-token", "signing in"),
    ("/auth/operator-logout", "the session has ended"),
    ("/auth/refresh", "the refresh token is used once"),
    ("/auth/logout", "the session has ended"),
    ("/auth/password", "the former password is no longer valid"),
    (
        "/auth/password-reset",
        "no person is signed in; messages are limited",
    ),
    (
        "/auth/password-reset/confirm",
        "the token in the message is used once",
    ),
    (
        "/auth/register/confirm",
        "the token in the message is used once",
    ),
    (
        "/invitations/accept",
        "the token in the message is used once",
    ),
    (
        "/ads/connections",
        "the second request replaces the token of the first; a refresh is unique",
    ),
    (
        "/alert-recipients/{id}/confirm",
        "confirms once; each wrong code counts",
    ),
    (
        "/alerts/{id}/acknowledge",
        "enqueues nothing; only the timeline shows both requests",
    ),
    (
        "/alerts/{id}/snooze",
        "enqueues nothing; only the timeline shows both requests",
    ),
    (
        "/alerts/{id}/resolve",
        "enqueues nothing; the second request is a conflict",
    ),
    ("/billing/portal-sessions", "has no effect of its own"),
    ("/imports/preview", "stores nothing"),
    ("/webhooks/stripe", "the event's id is its key"),
    (
        "/webhooks/twilio/status",
        "a status of a stored message; idempotent",
    ),
    ("/webhooks/twilio/inbound", "the message's id is its key"),
    (
        "/webhooks/brevo/{token}",
        "a status of a stored message; idempotent",
    ),
];

#[tokio::test]
async fn every_post_accepts_a_key_unless_listed_with_a_reason() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let mut posts = routes::list_routes();
    posts.retain(|route| route.method == "POST");
    let has_route = |template: &str| posts.iter().any(|route| route.template == template);
    let gone: Vec<_> = WITHOUT_KEY
        .iter()
        .filter(|(template, _)| !has_route(template))
        .collect();
    assert!(gone.is_empty(), "exceptions without a route: {gone:?}");
    // Last, because it ends the session.
    posts.sort_by_key(|route| route.template == "/auth/logout");
    let too_long = "k".repeat(256);
    for route in posts {
        let is_exception = WITHOUT_KEY
            .iter()
            .any(|(template, _)| route.template == *template);
        let path = route.path(|_| owner.company().to_string());
        let answer = owner
            .send(
                "POST",
                &path,
                Some(json!({})),
                &[("Idempotency-Key", &too_long)],
            )
            .await;
        let reads_key =
            answer.status == 422 && answer.body["errors"][0]["field"] == "Idempotency-Key";
        assert_eq!(
            reads_key, !is_exception,
            "{}: {} {}",
            route.template, answer.status, answer.text
        );
    }
}

async fn create_key(client: &Client<'_>, idempotency_key: &str, body: &Value) -> TestResponse {
    client
        .send(
            "POST",
            "/api-keys",
            Some(body.clone()),
            &[("Idempotency-Key", idempotency_key)],
        )
        .await
}

async fn count_keys(client: &Client<'_>) -> usize {
    client.get("/api-keys").await.expect(200)["items"]
        .as_array()
        .unwrap()
        .len()
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_response_without_its_secret() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let first = create_key(&owner, "k1", &json!({"name": "Caisse", "role": "member"})).await;
    assert_eq!(first.header("idempotent-replayed"), None);
    // Another order of fields is the same request.
    let text = r#"{"role": "member", "name": "Caisse"}"#;
    let again = create_key(&owner, "k1", &serde_json::from_str(text).unwrap()).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(
        (again.status, again.header("location")),
        (first.status, first.header("location"))
    );
    assert_eq!(again.body["id"], first.body["id"]);
    assert_eq!(again.body.get("key"), None);
    assert_eq!(count_keys(&owner).await, 1);
}

#[tokio::test]
async fn a_key_reused_for_another_request_is_rejected() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    create_key(&owner, "k1", &json!({"name": "Caisse", "role": "member"}))
        .await
        .expect(201);
    let other = create_key(&owner, "k1", &json!({"name": "Dépôt", "role": "member"})).await;
    other.expect_problem(422, "idempotency_key_reused");
    let long = "k".repeat(256);
    create_key(&owner, &long, &json!({"name": "Dépôt", "role": "member"}))
        .await
        .expect_problem(422, "invalid_input");
    assert_eq!(count_keys(&owner).await, 1);
}

#[tokio::test]
async fn keys_of_two_people_are_independent() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let admin = owner.with_user(domain::identity::Role::Admin).await;
    let body = json!({"name": "Caisse", "role": "member"});
    create_key(&owner, "k1", &body).await.expect(201);
    let theirs = create_key(&admin, "k1", &body).await;
    assert_eq!(theirs.header("idempotent-replayed"), None);
    assert_eq!(count_keys(&owner).await, 2);
}

#[tokio::test]
async fn a_rejected_request_leaves_its_key_unused() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    create_key(&owner, "k1", &json!({"name": "Caisse", "role": "owner"}))
        .await
        .expect_problem(422, "invalid_input");
    create_key(&owner, "k1", &json!({"name": "Caisse", "role": "admin"}))
        .await
        .expect(201);
}

#[tokio::test]
async fn a_job_is_cancelled_and_retried_once_per_key() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let at = read_clock(&app).await + TimeDelta::hours(1);
    let job = owner
        .post(
            "/jobs",
            json!({"kind": "ops.ping", "args": {}, "run_at": at}),
        )
        .await
        .expect(202);
    let path = format!("/jobs/{}", job["job"]["id"].as_str().unwrap());
    for (act, event) in [("cancel", "cancelled"), ("retry", "replayed")] {
        let act = format!("{path}/{act}");
        let first = owner
            .send("POST", &act, None, &[("Idempotency-Key", "k1")])
            .await;
        let again = owner
            .send("POST", &act, None, &[("Idempotency-Key", "k1")])
            .await;
        assert_eq!(first.header("idempotent-replayed"), None);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.expect(202), first.expect(202));
        owner
            .post(&act, json!({}))
            .await
            .expect_problem(409, "conflict");
        let timeline = owner.get(&format!("{path}/timeline")).await.expect(200);
        let events = timeline["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["event"] == event);
        // Its end and its event, or its event alone.
        assert_eq!(
            events.count(),
            if event == "cancelled" { 2 } else { 1 },
            "{timeline}"
        );
    }
    app.run_jobs().await;
}

/// Cancels twice with one key and returns both responses.
async fn cancel_twice(owner: &Client<'_>, path: &str) -> Value {
    let cancel = async || {
        owner
            .send("POST", path, None, &[("Idempotency-Key", "k1")])
            .await
    };
    let first = cancel().await;
    owner.app.run_jobs().await;
    let before = digest_rows(owner).await;
    let again = cancel().await;
    assert_eq!(first.header("idempotent-replayed"), None);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let told = again.expect(200);
    assert_eq!(told, first.expect(200));
    assert_eq!(
        digest_rows(owner).await,
        before,
        "the second time changed something"
    );
    told
}

async fn count_audited(owner: &Client<'_>, action: &str) -> usize {
    let entries = owner.get("/audit-log").await.expect(200);
    entries["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == action)
        .count()
}

#[tokio::test]
async fn a_sale_is_cancelled_once_per_key() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    owner
        .post("/products", json!({"sku": "A", "name": "Riz"}))
        .await
        .expect(201);
    let sale = owner
        .post(
            "/sales",
            json!({"sku": "A", "quantity": 2, "unit_price": "500"}),
        )
        .await
        .expect(201);
    app.run_jobs().await;
    let cancelled = cancel_twice(
        &owner,
        &format!("/sales/{}/cancel", sale["id"].as_str().unwrap()),
    )
    .await;
    assert_eq!(
        (&cancelled["id"], &cancelled["status"]),
        (&sale["id"], &json!("cancelled"))
    );
    assert_eq!(count_audited(&owner, "catalog.cancel_sale").await, 1);
}

#[tokio::test]
async fn an_import_is_cancelled_once_per_key() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let file = b"invoice;sku;quantity;price;date\n1;RIZ;3;500;2026-01-05\n";
    let accepted = owner
        .upload("/imports", "sales", &json!({}), file)
        .await
        .expect(202);
    let path = format!(
        "/imports/{}/cancel",
        accepted["import"]["id"].as_str().unwrap()
    );
    let cancelled = cancel_twice(&owner, &path).await;
    assert_eq!(
        (&cancelled["id"], &cancelled["state"]),
        (&accepted["import"]["id"], &json!("cancelled"))
    );
    assert_eq!(count_audited(&owner, "catalog.cancel_import").await, 1);
    owner
        .post(&path, json!({}))
        .await
        .expect_problem(409, "import_over");
}

#[tokio::test]
async fn two_concurrent_requests_have_one_effect() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let body = json!({"name": "Caisse", "role": "member"});
    let (one, other) = tokio::join!(
        create_key(&owner, "k1", &body),
        create_key(&owner, "k1", &body)
    );
    assert_eq!(one.expect(201)["id"], other.expect(201)["id"]);
    assert_eq!(count_keys(&owner).await, 1);
}

#[tokio::test]
async fn a_request_that_waits_too_long_for_the_first_gets_in_progress() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let mut holder = app.owner().await;
    sqlx::query!("begin").execute(&mut holder).await.unwrap();
    sqlx::query!(
        "insert into idempotency_keys (company_id, actor_id, method, route, key, fingerprint, created_at)
         values ($1, $2, 'POST', '/api/v1/api-keys', 'k1', decode(repeat('00', 32), 'hex'), engine_now())",
        owner.company().0,
        owner.user.0,
    )
    .execute(&mut holder)
    .await
    .unwrap();
    let body = json!({"name": "Caisse", "role": "member"});
    create_key(&owner, "k1", &body)
        .await
        .expect_problem(409, "in_progress");
}
