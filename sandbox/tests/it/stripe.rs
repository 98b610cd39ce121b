//! Checkout, portal, subscription and events, and webhooks that the product's own verifier accepts.

use chrono::Utc;
use providers::Class;
use providers::sandbox::{STRIPE_PRICE_ENTERPRISE, STRIPE_PRICE_PRO};
use providers::stripe::{Event, EventQuery, NewCheckout, NewPortal, SignatureError, Subscription};
use serde_json::json;

use crate::harness::{Call, Receiver, World, start_world};

fn checkout() -> NewCheckout {
    NewCheckout {
        price: STRIPE_PRICE_PRO.into(),
        success_url: "https://vigie.example/ok?session={CHECKOUT_SESSION_ID}".into(),
        cancel_url: "https://vigie.example/no".into(),
        client_reference_id: "company-1".into(),
        customer: None,
        customer_email: Some("awa@example.sn".into()),
        metadata: [("company_id".to_owned(), "company-1".to_owned())].into(),
    }
}

fn verified(world: &World, call: &Call) -> Result<Event, SignatureError> {
    world
        .providers
        .stripe
        .verify_event(&call.body, call.header("stripe-signature"), Utc::now())
}

#[tokio::test]
async fn a_paid_checkout_creates_a_subscription_and_signed_events() {
    let world = start_world().await;
    let mut receiver = Receiver::start().await;
    let url = receiver.url("/webhooks/stripe");
    world
        .running
        .sandbox()
        .set(|settings| settings.stripe_webhook_url = Some(url));
    let stripe = &world.providers.stripe;
    let session = stripe
        .create_checkout_session(&checkout(), "key-1")
        .await
        .unwrap();
    assert!(session.url.unwrap().starts_with(&world.running.url()));
    world
        .post_admin(
            &format!("stripe/checkout/{}/complete", session.id),
            json!({}),
        )
        .await;

    let mut events = Vec::new();
    for _ in 0..3 {
        events.push(verified(&world, &receiver.next().await).unwrap());
    }
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "customer.subscription.created",
            "checkout.session.completed",
            "invoice.paid"
        ]
    );
    let told = Subscription::from_object(&events[0].object).unwrap();
    assert_eq!(told.metadata["company_id"], "company-1");
    assert_eq!(events[1].object["client_reference_id"], "company-1");
    let record = stripe.fetch_subscription(&told.id).await.unwrap();
    assert_eq!(record, told);
    assert_eq!(
        (record.status.as_str(), record.price.as_deref()),
        ("active", Some(STRIPE_PRICE_PRO))
    );
    assert!(record.current_period_end > record.current_period_start);

    let portal = NewPortal {
        customer: record.customer,
        return_url: "https://vigie.example/billing".into(),
    };
    let portal = stripe
        .create_portal_session(&portal, "key-2")
        .await
        .unwrap();
    let page = world
        .http
        .get(&portal.url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains(&record.id));
}

#[tokio::test]
async fn changes_of_a_subscription_create_events() {
    let world = start_world().await;
    let session = world
        .providers
        .stripe
        .create_checkout_session(&checkout(), "key")
        .await
        .unwrap();
    let done = world
        .post_admin(
            &format!("stripe/checkout/{}/complete", session.id),
            json!({}),
        )
        .await;
    let id = done["subscription"].as_str().unwrap();
    let path = format!("stripe/subscriptions/{id}");
    world
        .post_admin(&path, json!({"price": STRIPE_PRICE_ENTERPRISE}))
        .await;
    world.post_admin(&path, json!({"status": "past_due"})).await;
    world.post_admin(&path, json!({"status": "canceled"})).await;
    let page = world
        .providers
        .stripe
        .list_events(&EventQuery::default())
        .await
        .unwrap();
    let kinds: Vec<&str> = page
        .data
        .iter()
        .rev()
        .skip(3)
        .map(|event| event.kind.as_str())
        .collect();
    let updated = "customer.subscription.updated";
    assert_eq!(
        kinds,
        [
            updated,
            updated,
            "invoice.payment_failed",
            "customer.subscription.deleted"
        ]
    );
    let record = world.providers.stripe.fetch_subscription(id).await.unwrap();
    assert_eq!(
        (record.status.as_str(), record.price.as_deref()),
        ("canceled", Some(STRIPE_PRICE_ENTERPRISE))
    );
    assert!(record.ended_at.is_some());
}

#[tokio::test]
async fn the_same_key_returns_the_same_session_and_rejects_another_request() {
    let world = start_world().await;
    let stripe = &world.providers.stripe;
    let first = stripe
        .create_checkout_session(&checkout(), "key")
        .await
        .unwrap();
    assert_eq!(
        stripe
            .create_checkout_session(&checkout(), "key")
            .await
            .unwrap(),
        first
    );
    assert_ne!(
        stripe
            .create_checkout_session(&checkout(), "other")
            .await
            .unwrap()
            .id,
        first.id
    );
    let changed = NewCheckout {
        price: STRIPE_PRICE_ENTERPRISE.into(),
        ..checkout()
    };
    let error = stripe
        .create_checkout_session(&changed, "key")
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.code.as_deref()),
        (Class::Permanent, Some("idempotency_error"))
    );
}

#[tokio::test]
async fn a_lost_response_is_replayed_by_key_and_so_is_a_500() {
    let world = start_world().await;
    let stripe = &world.providers.stripe;
    world
        .add_faults(json!([{"match": {"provider": "stripe"}, "fault": {"timeout_after": {"hold_ms": 0}}, "times": 1}]))
        .await;
    assert_eq!(
        stripe
            .create_checkout_session(&checkout(), "key")
            .await
            .unwrap_err()
            .class,
        Class::Retry
    );
    let one = stripe
        .create_checkout_session(&checkout(), "key")
        .await
        .unwrap();
    assert_eq!(
        stripe
            .create_checkout_session(&checkout(), "key")
            .await
            .unwrap()
            .id,
        one.id
    );

    world.add_faults(json!([{"match": {"provider": "stripe"}, "fault": {"status": {"code": 500}}, "times": 1}])).await;
    for _ in 0..2 {
        let error = stripe
            .create_checkout_session(&checkout(), "unlucky")
            .await
            .unwrap_err();
        assert_eq!((error.class, error.status), (Class::Retry, Some(500)));
    }
    stripe
        .create_checkout_session(&checkout(), "fresh")
        .await
        .unwrap();
}

#[tokio::test]
async fn invalid_requests_are_rejected_and_leave_the_key_unused() {
    let world = start_world().await;
    let stripe = &world.providers.stripe;
    let wrong = NewCheckout {
        price: "price_unknown".into(),
        ..checkout()
    };
    let error = stripe
        .create_checkout_session(&wrong, "key")
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.code.as_deref()),
        (Class::Permanent, Some("resource_missing"))
    );
    stripe
        .create_checkout_session(&checkout(), "key")
        .await
        .unwrap();
    assert!(
        stripe
            .fetch_subscription("sub_none")
            .await
            .unwrap_err()
            .is_not_found()
    );
    let nobody = NewPortal {
        customer: "cus_none".into(),
        return_url: "https://vigie.example".into(),
    };
    assert_eq!(
        stripe
            .create_portal_session(&nobody, "key-3")
            .await
            .unwrap_err()
            .class,
        Class::Permanent
    );
}

#[tokio::test]
async fn events_are_sent_twice_late_and_forged_on_demand() {
    let world = start_world().await;
    let mut receiver = Receiver::start().await;
    let url = receiver.url("/webhooks/stripe");
    world.running.sandbox().set(|settings| {
        settings.stripe_webhook_url = Some(url);
        settings.stripe_webhooks = false;
    });
    let made = world
        .post_admin(
            "stripe/events",
            json!({"type": "invoice.paid", "object": {"id": "in_1"}}),
        )
        .await;
    let path = format!("stripe/events/{}/send", made["id"].as_str().unwrap());
    let undelivered = EventQuery {
        undelivered_only: true,
        ..EventQuery::default()
    };
    assert_eq!(
        world
            .providers
            .stripe
            .list_events(&undelivered)
            .await
            .unwrap()
            .data
            .len(),
        1
    );

    world.post_admin(&path, json!({"forged": true})).await;
    assert_eq!(
        verified(&world, &receiver.next().await),
        Err(SignatureError::Mismatch)
    );
    world.post_admin(&path, json!({"age_seconds": 400})).await;
    assert_eq!(
        verified(&world, &receiver.next().await),
        Err(SignatureError::Stale)
    );
    let sent = world.post_admin(&path, json!({"times": 2})).await;
    assert_eq!(sent["acknowledged"], json!([true, true]));
    let first = verified(&world, &receiver.next().await).unwrap();
    assert_eq!(verified(&world, &receiver.next().await).unwrap(), first);
    assert_eq!(first.object_id(), Some("in_1"));
    assert!(
        world
            .providers
            .stripe
            .list_events(&undelivered)
            .await
            .unwrap()
            .data
            .is_empty()
    );
}

#[tokio::test]
async fn events_are_listed_by_type_in_pages_in_both_directions() {
    let world = start_world().await;
    let mut ids = Vec::new();
    for turn in 0..5 {
        let kind = if turn == 2 {
            "invoice.paid"
        } else {
            "customer.subscription.updated"
        };
        let made = world
            .post_admin(
                "stripe/events",
                json!({"type": kind, "object": {"id": "x"}}),
            )
            .await;
        ids.insert(0, made["id"].as_str().unwrap().to_owned());
    }
    let list = async |query: EventQuery| {
        let page = world.providers.stripe.list_events(&query).await.unwrap();
        (
            page.data
                .into_iter()
                .map(|event| event.id)
                .collect::<Vec<_>>(),
            page.has_more,
        )
    };
    let two = EventQuery {
        limit: 2,
        ..EventQuery::default()
    };
    assert_eq!(list(two.clone()).await, (ids[..2].to_vec(), true));
    let older = EventQuery {
        starting_after: Some(ids[1].clone()),
        limit: 3,
        ..two.clone()
    };
    assert_eq!(list(older).await, (ids[2..].to_vec(), false));
    let newer = EventQuery {
        ending_before: Some(ids[4].clone()),
        ..two
    };
    assert_eq!(list(newer).await, (ids[2..4].to_vec(), true));
    let paid = EventQuery {
        types: vec!["invoice.paid".into()],
        ..EventQuery::default()
    };
    assert_eq!(list(paid).await, (vec![ids[2].clone()], false));
}
