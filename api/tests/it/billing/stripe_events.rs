//! Stripe's webhook: events that are repeated, late, forged or unknown.

use std::time::Duration;

use providers::sandbox::STRIPE_WEBHOOK_SECRET;
use providers::stripe::sign_event;
use serde_json::{Value, json};

use super::{
    call_sandbox, current_plan, deliver_event, list_events, open_subscribed_company, pay_plan,
    send_all_events, send_event, start_with_stripe, stored_events,
};

#[tokio::test]
async fn repeated_late_and_forged_events_lead_to_one_state() {
    let app = start_with_stripe().await;
    let owner = app.with_company().await;
    let other = app.with_company().await;
    app.run_jobs().await;
    let subscription = pay_plan(&app, &owner, "pro").await;
    let path = format!("/subscriptions/{subscription}");
    call_sandbox(
        &app,
        "POST",
        &path,
        json!({"price": "price_sandbox_enterprise"}),
    )
    .await;
    call_sandbox(&app, "POST", &path, json!({"status": "past_due"})).await;
    call_sandbox(
        &app,
        "POST",
        &path,
        json!({"status": "active", "price": "price_sandbox_pro"}),
    )
    .await;
    let events = list_events(&app).await;

    // A forged signature, or a time more than five minutes off, is rejected and stores nothing.
    let last = &events.last().unwrap().0;
    for how in [
        json!({"forged": true}),
        json!({"age_seconds": 302}),
        json!({"age_seconds": -302}),
    ] {
        assert_eq!(send_event(&app, last, how).await, [false]);
    }
    assert!(app.run_jobs().await.is_empty());
    assert_eq!(stored_events(&app).await.len(), 0);

    // Newest first, each twice, and the jobs run in between: the older ones come late.
    for (event, kind) in events.iter().rev() {
        assert_eq!(
            send_event(&app, event, json!({"times": 2})).await,
            [true, true],
            "{kind}"
        );
        app.run_jobs().await;
        assert_eq!(
            current_plan(&owner).await,
            ("pro".to_owned(), json!("active")),
            "{kind}"
        );
    }
    assert_eq!(
        send_event(&app, last, json!({})).await,
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
    assert_eq!(current_plan(&other).await, ("free".to_owned(), Value::Null));
}

#[tokio::test]
async fn the_same_event_received_twice_concurrently_is_stored_once_with_one_job() {
    let app = start_with_stripe().await;
    let owner = app.with_company().await;
    app.run_jobs().await;
    pay_plan(&app, &owner, "pro").await;
    let known = list_events(&app).await;
    let (event, _) = known.last().unwrap();
    let acknowledged = tokio::join!(
        send_event(&app, event, json!({})),
        send_event(&app, event, json!({}))
    );
    assert_eq!(acknowledged, (vec![true], vec![true]));
    assert_eq!(stored_events(&app).await.len(), 1);
    let ran = app.run_jobs().await;
    assert_eq!(
        ran.iter()
            .filter(|ran| ran.kind == "billing.apply_event")
            .count(),
        1
    );
    assert_eq!(
        current_plan(&owner).await,
        ("pro".to_owned(), json!("active"))
    );
}

#[tokio::test]
async fn an_unpaid_plan_lasts_seven_days_and_unknown_values_change_nothing() {
    let app = start_with_stripe().await;
    let (owner, path) = open_subscribed_company(&app).await;
    let unknown = json!({"status": "delighted", "price": "price_sandbox_enterprise"});
    call_sandbox(&app, "POST", &path, unknown).await;
    send_all_events(&app).await;
    assert_eq!(
        current_plan(&owner).await,
        ("pro".to_owned(), json!("delighted"))
    );
    call_sandbox(
        &app,
        "POST",
        &path,
        json!({"status": "past_due", "price": "price_sandbox_pro"}),
    )
    .await;
    send_all_events(&app).await;
    assert_eq!(
        current_plan(&owner).await,
        ("pro".to_owned(), json!("past_due"))
    );
    app.advance(Duration::from_secs(7 * 24 * 3600)).await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    assert_eq!(
        current_plan(&owner).await,
        ("free".to_owned(), json!("past_due"))
    );
    app.run_jobs().await;
}

#[tokio::test]
async fn an_unsigned_or_malformed_event_is_rejected() {
    let app = start_with_stripe().await;
    let now = platform::db::load_now(&mut app.db.db.app().acquire().await.unwrap())
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
    deliver_event(&app, &event, None)
        .await
        .expect_problem(400, "bad_request");
    deliver_event(&app, &event, Some("t=1,v1=00"))
        .await
        .expect_problem(400, "bad_request");
    deliver_event(&app, &format!("{event} "), Some(&signed(&event)))
        .await
        .expect_problem(400, "bad_request");
    deliver_event(&app, &thin, Some(&signed(&thin)))
        .await
        .expect_problem(400, "bad_request");
    deliver_event(&app, "[]", Some(&signed("[]")))
        .await
        .expect_problem(400, "bad_request");
    let large = "x".repeat(2 * 1024 * 1024);
    deliver_event(&app, &large, Some(&signed(&large)))
        .await
        .expect_problem(413, "body_too_large");
    assert_eq!(stored_events(&app).await.len(), 0);
    deliver_event(&app, &event, Some(&signed(&event)))
        .await
        .expect(200);
    app.run_jobs().await;
    assert_eq!(stored_events(&app).await, ["ignored"]);
}

#[tokio::test]
async fn an_event_of_an_unknown_subscription_is_stored_and_changes_nothing() {
    let app = start_with_stripe().await;
    let object = json!({"id": "sub_nobody", "object": "subscription", "customer": "cus_nobody", "status": "active",
        "metadata": {"company_id": "00000000-0000-7000-8000-000000000000"}});
    let made = json!({"type": "customer.subscription.updated", "object": object});
    let event = call_sandbox(&app, "POST", "/events", made).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(send_event(&app, &event, json!({})).await, [true]);
    app.run_jobs().await;
    assert_eq!(stored_events(&app).await, ["unmatched"]);
}

#[tokio::test]
async fn a_subscription_stays_with_its_company_whatever_an_event_claims() {
    let app = start_with_stripe().await;
    let (owner, other) = (app.with_company().await, app.with_company().await);
    app.run_jobs().await;
    let subscription = pay_plan(&app, &owner, "pro").await;
    send_all_events(&app).await;
    let object = json!({"id": "cs_1", "object": "checkout.session", "subscription": subscription,
        "client_reference_id": other.company().to_string()});
    let made = json!({"type": "checkout.session.completed", "object": object});
    call_sandbox(&app, "POST", "/events", made).await;
    send_all_events(&app).await;
    assert_eq!(current_plan(&owner).await.0, "pro");
    assert_eq!(current_plan(&other).await.0, "free");
}
