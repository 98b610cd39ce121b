//! One session and one customer at a time, and what becomes of a payment that comes second.

use providers::stripe::NewCheckout;
use serde_json::{Value, json};

use super::{
    call_sandbox, current_plan, open_subscribed_company, pay_plan, send_all_events,
    start_with_stripe,
};
use crate::app::{Client, TestApp};
use crate::shop::{list_messages, read_clock};

async fn open_checkout(owner: &Client<'_>, plan: &str) -> String {
    let body = json!({"plan": plan});
    let checkout = owner
        .post("/billing/checkout-sessions", body)
        .await
        .expect(201);
    checkout["session_id"].as_str().unwrap().to_owned()
}

async fn list_objects(app: &TestApp, kind: &str) -> Vec<Value> {
    let listed = call_sandbox(app, "GET", &format!("/objects/{kind}"), json!(null)).await;
    listed["items"].as_array().unwrap().clone()
}

async fn list_states(app: &TestApp, kind: &str) -> Vec<String> {
    let objects = list_objects(app, kind).await;
    let mut states: Vec<_> = objects
        .iter()
        .map(|object| object["status"].as_str().unwrap().to_owned())
        .collect();
    states.sort();
    states
}

#[tokio::test]
async fn a_company_has_one_open_session_and_one_customer() {
    let app = start_with_stripe().await;
    let owner = app.with_company().await;
    app.run_jobs().await;
    let first = open_checkout(&owner, "pro").await;
    assert_eq!(open_checkout(&owner, "pro").await, first);
    let second = open_checkout(&owner, "enterprise").await;
    assert_ne!(second, first);
    assert_eq!(
        list_states(&app, "checkout.session").await,
        ["expired", "open"]
    );
    assert_eq!(list_objects(&app, "customer").await.len(), 1);

    call_sandbox(
        &app,
        "POST",
        &format!("/checkout/{second}/complete"),
        json!({}),
    )
    .await;
    let paid = owner
        .post("/billing/checkout-sessions", json!({"plan": "pro"}))
        .await;
    paid.expect_problem(409, "conflict");
    send_all_events(&app).await;
    assert_eq!(current_plan(&owner).await.0, "enterprise");
    assert_eq!(list_states(&app, "subscription").await, ["active"]);
    assert_eq!(list_objects(&app, "customer").await.len(), 1);
}

#[tokio::test]
async fn an_ended_session_is_not_offered_again() {
    let app = start_with_stripe().await;
    let (owner, path) = open_subscribed_company(&app).await;
    call_sandbox(&app, "POST", &path, json!({"status": "canceled"})).await;
    send_all_events(&app).await;
    let session = open_checkout(&owner, "pro").await;
    assert_eq!(
        list_states(&app, "checkout.session").await,
        ["complete", "open"]
    );
    assert_eq!(list_objects(&app, "customer").await.len(), 1);
    call_sandbox(
        &app,
        "POST",
        &format!("/checkout/{session}/complete"),
        json!({}),
    )
    .await;
    send_all_events(&app).await;
    assert_eq!(
        current_plan(&owner).await,
        ("pro".to_owned(), json!("active"))
    );
}

/// Puts another subscription, with its payment, at Stripe, as a second session that is paid does.
async fn pay_again(app: &TestApp, owner: &Client<'_>) {
    let stripe = &app.services.providers.stripe;
    let checkout = NewCheckout {
        price: stripe.price_pro().to_owned(),
        success_url: "http://127.0.0.1/".to_owned(),
        cancel_url: "http://127.0.0.1/".to_owned(),
        client_reference_id: owner.company().to_string(),
        customer: None,
        customer_email: Some("other@example.sn".to_owned()),
        metadata: [("company_id".to_owned(), owner.company().to_string())].into(),
    };
    let opened = stripe
        .create_checkout_session(&checkout, "second")
        .await
        .unwrap();
    let path = format!("/checkout/{}/complete", opened.id);
    call_sandbox(app, "POST", &path, json!({})).await;
}

async fn send_newest_first(app: &TestApp) {
    for (event, _) in super::list_events(app).await.iter().rev() {
        super::send_event(app, event, json!({})).await;
        app.run_jobs().await;
    }
}

#[tokio::test]
async fn a_payment_beside_a_subscription_that_is_unpaid_or_has_ended_is_kept() {
    for status in ["past_due", "unpaid", "canceled"] {
        for newest_first in [false, true] {
            let app = start_with_stripe().await;
            let (owner, path) = open_subscribed_company(&app).await;
            let earlier = read_clock(&app).await.timestamp() - 3600;
            let change = json!({"status": status, "created": earlier});
            call_sandbox(&app, "POST", &path, change).await;
            pay_again(&app, &owner).await;
            if newest_first {
                send_newest_first(&app).await;
            }
            send_all_events(&app).await;
            assert_eq!(
                list_states(&app, "subscription").await,
                ["active", status],
                "newest first: {newest_first}"
            );
            assert_eq!(list_objects(&app, "refund").await.len(), 0);
            assert_eq!(current_plan(&owner).await.0, "pro");
        }
    }
}

#[tokio::test]
async fn a_second_payment_is_cancelled_refunded_and_announced_once() {
    for newest_first in [false, true] {
        let app = start_with_stripe().await;
        let owner = app.with_company().await;
        app.run_jobs().await;
        pay_plan(&app, &owner, "pro").await;
        pay_again(&app, &owner).await;
        if newest_first {
            send_newest_first(&app).await;
        }
        send_all_events(&app).await;
        send_all_events(&app).await;
        assert_eq!(
            list_states(&app, "subscription").await,
            ["active", "canceled"]
        );
        let refunds = list_objects(&app, "refund").await;
        assert_eq!(refunds.len(), 1);
        assert_eq!(refunds[0]["amount"], 25_000);
        assert_eq!(
            current_plan(&owner).await,
            ("pro".to_owned(), json!("active"))
        );
        let told = list_messages(&owner, "email").await;
        let told: Vec<_> = told.iter().map(|m| &m["template"]).collect();
        assert_eq!(told, ["billing_duplicate"]);
    }
}
