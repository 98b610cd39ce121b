//! Billing against the sandbox's Stripe.

mod checkouts;
mod records;
mod second_payments;
mod stripe_events;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::app::{Client, TestApp, TestResponse};

/// Starts the application; the sandbox sends its webhooks only when a test does.
pub(crate) async fn start_with_stripe() -> TestApp {
    let app = TestApp::start().await;
    let url = format!("{}/api/v1/webhooks/stripe", app.services.public_url);
    app.sandbox.sandbox().set(|settings| {
        settings.stripe_webhooks = false;
        settings.stripe_webhook_url = Some(url);
    });
    app
}

/// Calls the admin interface of the sandbox.
pub(crate) async fn call_sandbox(app: &TestApp, method: &str, path: &str, body: Value) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(format!("/admin/stripe{path}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = sandbox::build_app(app.sandbox.sandbox().clone())
        .oneshot(request)
        .await
        .unwrap();
    assert!(
        response.status().is_success(),
        "{path}: {}",
        response.status()
    );
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Pays for a plan and returns the subscription's id.
pub(crate) async fn pay_plan(app: &TestApp, owner: &Client<'_>, plan: &str) -> String {
    let checkout = owner
        .post("/billing/checkout-sessions", json!({"plan": plan}))
        .await
        .expect(201);
    let session = checkout["session_id"].as_str().unwrap();
    let session = call_sandbox(
        app,
        "POST",
        &format!("/checkout/{session}/complete"),
        json!({}),
    )
    .await;
    session["subscription"].as_str().unwrap().to_owned()
}

/// Registers a company that has paid the plan `pro`, and returns the path of its subscription in
/// the sandbox.
pub(super) async fn open_subscribed_company(app: &TestApp) -> (Client<'_>, String) {
    let owner = app.with_company().await;
    app.run_jobs().await;
    let subscription = pay_plan(app, &owner, "pro").await;
    send_all_events(app).await;
    (owner, format!("/subscriptions/{subscription}"))
}

/// The ids and kinds of all events, oldest first.
pub(super) async fn list_events(app: &TestApp) -> Vec<(String, String)> {
    let listed = call_sandbox(app, "GET", "/events", json!(null)).await;
    let text = |item: &Value, key: &str| item["event"][key].as_str().unwrap().to_owned();
    listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (text(item, "id"), text(item, "type")))
        .collect()
}

/// Sends an event from the sandbox. Returns for each delivery whether it was acknowledged.
pub(super) async fn send_event(app: &TestApp, event: &str, how: Value) -> Vec<bool> {
    let sent = call_sandbox(app, "POST", &format!("/events/{event}/send"), how).await;
    sent["acknowledged"]
        .as_array()
        .unwrap()
        .iter()
        .map(|yes| yes.as_bool().unwrap())
        .collect()
}

pub(crate) async fn send_all_events(app: &TestApp) {
    for (event, _) in list_events(app).await {
        assert_eq!(send_event(app, &event, json!({})).await, [true]);
    }
    app.run_jobs().await;
}

pub(crate) async fn current_plan(owner: &Client<'_>) -> (String, Value) {
    let subscription = owner.get("/billing/subscription").await.expect(200);
    (
        subscription["plan"].as_str().unwrap().to_owned(),
        subscription["status"].clone(),
    )
}

pub(super) async fn stored_events(app: &TestApp) -> Vec<String> {
    sqlx::query_scalar!("select state from webhook_events order by received_at, id")
        .fetch_all(&mut app.owner().await)
        .await
        .unwrap()
}

pub(super) async fn deliver_event(
    app: &TestApp,
    body: &str,
    signature: Option<&str>,
) -> TestResponse {
    let mut request = Request::post("/api/v1/webhooks/stripe");
    if let Some(signature) = signature {
        request = request.header("Stripe-Signature", signature);
    }
    app.send_request(request.body(Body::from(body.to_owned())).unwrap())
        .await
}
