//! What is read from Stripe's record: the plan's item, the end, and an unpaid invoice.

use std::time::Duration;

use chrono::{TimeDelta, TimeZone as _, Utc};
use serde_json::json;

use super::{
    call_sandbox, current_plan, open_subscribed_company, pay_plan, send_all_events,
    start_with_stripe,
};
use crate::app::TestApp;
use crate::shop::{list_messages, read_clock};

#[tokio::test]
async fn the_plan_is_found_among_all_items() {
    let app = start_with_stripe().await;
    let owner = app.with_company().await;
    app.run_jobs().await;
    let subscription = pay_plan(&app, &owner, "pro").await;
    let path = format!("/subscriptions/{subscription}");
    for (items, plan) in [
        (["price_addon", "price_sandbox_pro"], "pro"),
        (["price_sandbox_enterprise", "price_addon"], "enterprise"),
        (["price_sandbox_pro", "price_addon"], "pro"),
    ] {
        call_sandbox(&app, "POST", &path, json!({"items": items})).await;
        send_all_events(&app).await;
        assert_eq!(
            current_plan(&owner).await,
            (plan.to_owned(), json!("active")),
            "{items:?}"
        );
    }
}

#[tokio::test]
async fn a_subscription_that_will_end_shows_its_last_day() {
    let app = start_with_stripe().await;
    let (owner, path) = open_subscribed_company(&app).await;
    let shown = owner.get("/billing/subscription").await.expect(200);
    assert_eq!(
        (&shown["ends_at"], &shown["ends_on"]),
        (&json!(null), &json!(null))
    );
    let end = Utc.with_ymd_and_hms(2031, 3, 9, 12, 0, 0).unwrap();
    call_sandbox(&app, "POST", &path, json!({"cancel_at": end.timestamp()})).await;
    send_all_events(&app).await;
    let shown = owner.get("/billing/subscription").await.expect(200);
    assert_eq!(shown["ends_on"], "2031-03-09");
    assert_eq!(
        (&shown["plan"], &shown["cancel_at"]),
        (&json!("pro"), &json!(end))
    );
    call_sandbox(&app, "POST", &path, json!({"cancel_at_period_end": true})).await;
    send_all_events(&app).await;
    let shown = owner.get("/billing/subscription").await.expect(200);
    assert_eq!(
        shown["ends_at"], shown["current_period_end"],
        "the earlier of both"
    );
}

/// Counts the messages about an unpaid subscription, by what the provider has received.
async fn count_notices(app: &TestApp, email: &str) -> usize {
    let mails = app.list_messages_to(email).await;
    let is_notice = |mail: &&serde_json::Value| mail.to_string().contains("payé");
    mails.iter().filter(is_notice).count()
}

#[tokio::test]
async fn an_unpaid_invoice_is_announced_at_once_and_on_days_three_and_six() {
    let app = start_with_stripe().await;
    let (owner, path) = open_subscribed_company(&app).await;
    call_sandbox(&app, "POST", &path, json!({"status": "past_due"})).await;
    let start = read_clock(&app).await;
    send_all_events(&app).await;
    send_all_events(&app).await;
    for (day, sent) in [(0, 1), (2, 1), (3, 2), (5, 2), (6, 3), (9, 3)] {
        let until = start + TimeDelta::days(day) + TimeDelta::minutes(1);
        let wait = (until - read_clock(&app).await)
            .to_std()
            .unwrap_or(Duration::ZERO);
        app.advance(wait).await;
        app.run_jobs().await;
        assert_eq!(count_notices(&app, &owner.email).await, sent, "day {day}");
    }
    let owner = app.sign_in(&owner.email, owner.company).await;
    let messages = list_messages(&owner, "email").await;
    assert!(
        messages
            .iter()
            .all(|m| m["template"] == "billing_unpaid" && m["state"] == "sent")
    );
}

#[tokio::test]
async fn a_paid_invoice_ends_the_messages() {
    let app = start_with_stripe().await;
    let (owner, path) = open_subscribed_company(&app).await;
    for status in ["past_due", "active"] {
        call_sandbox(&app, "POST", &path, json!({"status": status})).await;
        send_all_events(&app).await;
    }
    app.advance(Duration::from_secs(7 * 24 * 3600)).await;
    app.run_jobs().await;
    assert_eq!(count_notices(&app, &owner.email).await, 1);
}
