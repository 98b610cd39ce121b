//! Billing against the sandbox's Stripe: checkouts, and webhooks that come twice, late or forged.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use domain::identity::Role;
use providers::sandbox::STRIPE_WEBHOOK_SECRET;
use providers::stripe::sign_event;
use sandbox::{Fault, Match, Rule};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::app::{Answer, Client, TestApp};

/// The application, with the sandbox's webhooks coming to it only when a test sends them.
pub(crate) async fn start() -> TestApp {
    let app = TestApp::start().await;
    let url = format!("{}/api/v1/webhooks/stripe", app.services.public_url);
    app.sandbox.sandbox().set(|settings| {
        settings.stripe_webhooks = false;
        settings.stripe_webhook_url = Some(url);
    });
    app
}

/// An act on the sandbox's own side.
pub(crate) async fn stripe(app: &TestApp, method: &str, path: &str, body: Value) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(format!("/admin/stripe{path}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = sandbox::app(app.sandbox.sandbox().clone())
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

/// Pays for a plan; gives the subscription's id.
pub(crate) async fn pay(app: &TestApp, owner: &Client<'_>, plan: &str) -> String {
    let checkout = owner
        .post("/billing/checkout-sessions", json!({"plan": plan}))
        .await
        .expect(201);
    let session = checkout["session_id"].as_str().unwrap();
    let session = stripe(
        app,
        "POST",
        &format!("/checkout/{session}/complete"),
        json!({}),
    )
    .await;
    session["subscription"].as_str().unwrap().to_owned()
}

/// Ids and kinds of all events there are, oldest first.
async fn events(app: &TestApp) -> Vec<(String, String)> {
    let listed = stripe(app, "GET", "/events", json!(null)).await;
    let text = |item: &Value, key: &str| item["event"][key].as_str().unwrap().to_owned();
    listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (text(item, "id"), text(item, "type")))
        .collect()
}

/// Has the sandbox send an event; for each time, whether we acknowledged it.
async fn send(app: &TestApp, event: &str, how: Value) -> Vec<bool> {
    let sent = stripe(app, "POST", &format!("/events/{event}/send"), how).await;
    sent["acknowledged"]
        .as_array()
        .unwrap()
        .iter()
        .map(|yes| yes.as_bool().unwrap())
        .collect()
}

pub(crate) async fn send_all(app: &TestApp) {
    for (event, _) in events(app).await {
        assert_eq!(send(app, &event, json!({})).await, [true]);
    }
    app.run_jobs().await;
}

pub(crate) async fn plan(owner: &Client<'_>) -> (String, Value) {
    let subscription = owner.get("/billing/subscription").await.expect(200);
    (
        subscription["plan"].as_str().unwrap().to_owned(),
        subscription["status"].clone(),
    )
}

async fn stored_events(app: &TestApp) -> Vec<String> {
    sqlx::query_scalar!("select state from webhook_events order by received_at, id")
        .fetch_all(&mut app.owner().await)
        .await
        .unwrap()
}

async fn deliver(app: &TestApp, body: &str, signature: Option<&str>) -> Answer {
    let mut request = Request::post("/api/v1/webhooks/stripe");
    if let Some(signature) = signature {
        request = request.header("Stripe-Signature", signature);
    }
    app.call(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

#[tokio::test]
async fn paying_a_checkout_gives_the_plan_and_cancelling_takes_it() {
    let app = start().await;
    let owner = app.with_company().await;
    app.run_jobs().await;
    assert_eq!(plan(&owner).await, ("free".to_owned(), Value::Null));
    let subscription = pay(&app, &owner, "pro").await;
    send_all(&app).await;
    assert_eq!(plan(&owner).await, ("pro".to_owned(), json!("active")));
    owner
        .post("/billing/checkout-sessions", json!({"plan": "pro"}))
        .await
        .expect_problem(409, "conflict");
    let portal = owner
        .post("/billing/portal-sessions", json!(null))
        .await
        .expect(201);
    assert!(portal["url"].as_str().unwrap().starts_with("http"));

    let path = format!("/subscriptions/{subscription}");
    stripe(
        &app,
        "POST",
        &path,
        json!({"price": "price_sandbox_enterprise"}),
    )
    .await;
    send_all(&app).await;
    assert_eq!(
        plan(&owner).await,
        ("enterprise".to_owned(), json!("active"))
    );
    stripe(&app, "POST", &path, json!({"status": "canceled"})).await;
    send_all(&app).await;
    assert_eq!(plan(&owner).await, ("free".to_owned(), json!("canceled")));
}

#[tokio::test]
async fn an_event_sent_twice_late_and_forged_leaves_one_right_state() {
    let app = start().await;
    let owner = app.with_company().await;
    let other = app.with_company().await;
    app.run_jobs().await;
    let subscription = pay(&app, &owner, "pro").await;
    let path = format!("/subscriptions/{subscription}");
    stripe(
        &app,
        "POST",
        &path,
        json!({"price": "price_sandbox_enterprise"}),
    )
    .await;
    stripe(&app, "POST", &path, json!({"status": "past_due"})).await;
    stripe(
        &app,
        "POST",
        &path,
        json!({"status": "active", "price": "price_sandbox_pro"}),
    )
    .await;
    let events = events(&app).await;

    // Forged, and older or newer than five minutes: refused, with nothing kept.
    let last = &events.last().unwrap().0;
    for how in [
        json!({"forged": true}),
        json!({"age_seconds": 302}),
        json!({"age_seconds": -302}),
    ] {
        assert_eq!(send(&app, last, how).await, [false]);
    }
    assert!(app.run_jobs().await.is_empty());
    assert_eq!(stored_events(&app).await.len(), 0);

    // Newest first, each twice, and the jobs run in between: the older ones come late.
    for (event, kind) in events.iter().rev() {
        assert_eq!(
            send(&app, event, json!({"times": 2})).await,
            [true, true],
            "{kind}"
        );
        app.run_jobs().await;
        assert_eq!(
            plan(&owner).await,
            ("pro".to_owned(), json!("active")),
            "{kind}"
        );
    }
    assert_eq!(
        send(&app, last, json!({})).await,
        [true],
        "a known event is acknowledged again"
    );
    assert!(app.run_jobs().await.is_empty(), "and has no job");
    assert_eq!(stored_events(&app).await, vec!["routed"; events.len()]);
    let kept = sqlx::query_scalar!(
        r#"select concat_ws(' ', stripe_id, plan) as "kept!" from subscriptions"#
    )
    .fetch_all(&mut app.owner().await)
    .await
    .unwrap();
    assert_eq!(kept, [format!("{subscription} pro")]);
    assert_eq!(plan(&other).await, ("free".to_owned(), Value::Null));
}

#[tokio::test]
async fn the_same_event_twice_at_the_same_time_is_kept_once_with_one_job() {
    let app = start().await;
    let owner = app.with_company().await;
    app.run_jobs().await;
    pay(&app, &owner, "pro").await;
    let known = events(&app).await;
    let (event, _) = known.last().unwrap();
    let acknowledged = tokio::join!(send(&app, event, json!({})), send(&app, event, json!({})));
    assert_eq!(acknowledged, (vec![true], vec![true]));
    assert_eq!(stored_events(&app).await.len(), 1);
    let ran = app.run_jobs().await;
    assert_eq!(
        ran.iter()
            .filter(|ran| ran.kind == "billing.apply_event")
            .count(),
        1
    );
    assert_eq!(plan(&owner).await, ("pro".to_owned(), json!("active")));
}

#[tokio::test]
async fn unpaid_keeps_the_plan_for_seven_days_and_unknown_words_raise_nothing() {
    let app = start().await;
    let owner = app.with_company().await;
    app.run_jobs().await;
    let subscription = pay(&app, &owner, "pro").await;
    send_all(&app).await;
    let path = format!("/subscriptions/{subscription}");
    let unknown = json!({"status": "delighted", "price": "price_sandbox_enterprise"});
    stripe(&app, "POST", &path, unknown).await;
    send_all(&app).await;
    assert_eq!(plan(&owner).await, ("pro".to_owned(), json!("delighted")));
    stripe(
        &app,
        "POST",
        &path,
        json!({"status": "past_due", "price": "price_sandbox_pro"}),
    )
    .await;
    send_all(&app).await;
    assert_eq!(plan(&owner).await, ("pro".to_owned(), json!("past_due")));
    app.advance(Duration::from_secs(7 * 24 * 3600)).await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    assert_eq!(plan(&owner).await, ("free".to_owned(), json!("past_due")));
    app.run_jobs().await;
}

#[tokio::test]
async fn what_stripe_did_not_sign_or_is_no_event_is_refused() {
    let app = start().await;
    let now = platform::db::now(&mut app.db.db.app().acquire().await.unwrap())
        .await
        .unwrap();
    let event = json!({"id": "evt_1", "object": "event", "type": "customer.created", "created": now.timestamp(),
        "data": {"object": {"id": "cus_1"}}})
    .to_string();
    let thin =
        json!({"id": "evt_2", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found",
        "created": "2026-01-01T00:00:00Z"})
        .to_string();
    let signed = |body: &str| sign_event(STRIPE_WEBHOOK_SECRET, body.as_bytes(), now);
    deliver(&app, &event, None)
        .await
        .expect_problem(400, "bad_request");
    deliver(&app, &event, Some("t=1,v1=00"))
        .await
        .expect_problem(400, "bad_request");
    deliver(&app, &format!("{event} "), Some(&signed(&event)))
        .await
        .expect_problem(400, "bad_request");
    deliver(&app, &thin, Some(&signed(&thin)))
        .await
        .expect_problem(400, "bad_request");
    deliver(&app, "[]", Some(&signed("[]")))
        .await
        .expect_problem(400, "bad_request");
    let large = "x".repeat(2 * 1024 * 1024);
    deliver(&app, &large, Some(&signed(&large)))
        .await
        .expect_problem(413, "body_too_large");
    assert_eq!(stored_events(&app).await.len(), 0);
    deliver(&app, &event, Some(&signed(&event)))
        .await
        .expect(200);
    app.run_jobs().await;
    assert_eq!(stored_events(&app).await, ["ignored"]);
}

#[tokio::test]
async fn an_event_of_nobody_s_subscription_is_kept_and_changes_nothing() {
    let app = start().await;
    let object = json!({"id": "sub_nobody", "object": "subscription", "customer": "cus_nobody", "status": "active",
        "metadata": {"company_id": "00000000-0000-7000-8000-000000000000"}});
    let made = json!({"type": "customer.subscription.updated", "object": object});
    let event = stripe(&app, "POST", "/events", made).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(send(&app, &event, json!({})).await, [true]);
    app.run_jobs().await;
    assert_eq!(stored_events(&app).await, ["unmatched"]);
}

#[tokio::test]
async fn a_subscription_stays_with_its_company_whatever_an_event_claims() {
    let app = start().await;
    let (owner, other) = (app.with_company().await, app.with_company().await);
    app.run_jobs().await;
    let subscription = pay(&app, &owner, "pro").await;
    send_all(&app).await;
    let object = json!({"id": "cs_1", "object": "checkout.session", "subscription": subscription,
        "client_reference_id": other.company().to_string()});
    let made = json!({"type": "checkout.session.completed", "object": object});
    stripe(&app, "POST", "/events", made).await;
    send_all(&app).await;
    assert_eq!(plan(&owner).await.0, "pro");
    assert_eq!(plan(&other).await.0, "free");
}

#[tokio::test]
async fn a_repeated_checkout_opens_one_session_even_after_failures_of_stripe_s() {
    let app = start().await;
    let owner = app.with_company().await;
    app.run_jobs().await;
    let matches = Match {
        operation: Some("create_checkout_session".into()),
        ..Match::default()
    };
    let broken = Fault::Status {
        code: 500,
        body: None,
    };
    app.sandbox.sandbox().add_fault(Rule {
        matches: matches.clone(),
        fault: broken,
        times: Some(1),
    });
    app.sandbox.sandbox().add_fault(Rule {
        matches,
        fault: Fault::TimeoutAfter { hold_ms: 0 },
        times: Some(1),
    });
    let ask = || async {
        let body = Some(json!({"plan": "enterprise"}));
        owner
            .send(
                "POST",
                "/billing/checkout-sessions",
                body,
                &[("Idempotency-Key", "once")],
            )
            .await
    };
    ask().await.expect_problem(503, "unavailable");
    ask().await.expect_problem(503, "unavailable");
    let opened = ask().await.expect(201);
    let again = ask().await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.expect(201), opened);
    assert_eq!(
        app.sandbox
            .sandbox()
            .calls("stripe", "create_checkout_session"),
        3
    );
    let checkouts = sqlx::query_scalar!("select count(*) from checkouts")
        .fetch_one(&mut app.owner().await)
        .await;
    assert_eq!(checkouts.unwrap(), Some(1));
}

#[tokio::test]
async fn plans_are_shown_to_all_and_paying_is_for_admins() {
    let app = start().await;
    let owner = app.with_company().await;
    app.run_jobs().await;
    let viewer = owner.with_user(Role::Viewer).await;
    let plans = viewer.get("/billing/plans").await.expect(200);
    let names: Vec<_> = plans["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plan| plan["plan"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["free", "pro", "enterprise"]);
    let pro = json!({"plan": "pro"});
    viewer
        .post("/billing/checkout-sessions", pro)
        .await
        .expect_problem(403, "forbidden");
    viewer
        .post("/billing/portal-sessions", json!(null))
        .await
        .expect_problem(403, "forbidden");
    owner
        .post("/billing/portal-sessions", json!(null))
        .await
        .expect_problem(409, "conflict");
    for (body, code) in [
        (json!({"plan": "free"}), "not_for_sale"),
        (json!({"plan": "gold"}), "invalid_value"),
    ] {
        let problem = owner
            .post("/billing/checkout-sessions", body)
            .await
            .expect_problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["code"], code);
    }
}
