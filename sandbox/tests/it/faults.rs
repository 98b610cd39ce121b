//! Each fault as the clients see it, and whether the call may be repeated.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use providers::{Class, Providers, Timeouts};
use serde_json::json;

use crate::brevo::email;
use crate::harness::start_world;
use crate::twilio::alert;

const AWA: &str = "+221770000001";

#[tokio::test]
async fn a_message_whose_response_is_lost_is_unknown_and_found_by_look_up() {
    let world = start_world().await;
    let started = Utc::now();
    world
        .add_faults(
            json!([{"match": {"operation": "create_message"}, "fault": {"timeout_after": {"hold_ms": 0}}, "times": 1}]),
        )
        .await;
    let error = world
        .providers
        .twilio
        .create_message(&alert(AWA, None))
        .await
        .unwrap_err();
    assert_eq!((error.class, error.status), (Class::Unknown, None));
    let until = Utc::now() + TimeDelta::seconds(1);
    let found = world
        .providers
        .twilio
        .find_messages(AWA, started, until)
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert!(found[0].body.contains("Riz 5 kg"));
    let before = world.providers.twilio.find_messages(
        AWA,
        started - TimeDelta::hours(2),
        started - TimeDelta::hours(1),
    );
    assert!(before.await.unwrap().is_empty());
}

#[tokio::test]
async fn a_message_lost_before_it_took_effect_is_unknown_and_absent() {
    let world = start_world().await;
    for fault in [
        json!("drop"),
        json!({"timeout_before": {"hold_ms": 0}}),
        json!({"status": {"code": 503}}),
    ] {
        world
            .add_faults(
                json!([{"match": {"operation": "create_message"}, "fault": fault, "times": 1}]),
            )
            .await;
        let error = world
            .providers
            .twilio
            .create_message(&alert(AWA, None))
            .await
            .unwrap_err();
        assert_eq!(error.class, Class::Unknown, "{fault}");
        let window = (
            Utc::now() - TimeDelta::hours(1),
            Utc::now() + TimeDelta::hours(1),
        );
        assert!(
            world
                .providers
                .twilio
                .find_messages(AWA, window.0, window.1)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn a_client_gives_up_at_its_timeout() {
    let world = start_world().await;
    let hasty = Timeouts {
        total: Duration::from_millis(50),
        ..Timeouts::default()
    };
    let providers = Providers::sandbox_with(&world.running.url(), hasty).unwrap();
    world
        .add_faults(json!([{"fault": {"timeout_before": {}}}]))
        .await;
    let error = providers
        .twilio
        .create_message(&alert(AWA, None))
        .await
        .unwrap_err();
    assert_eq!(error.class, Class::Unknown);
    let error = providers
        .brevo
        .send_email(&email("awa@example.sn"))
        .await
        .unwrap_err();
    assert_eq!(error.class, Class::Unknown);
}

#[tokio::test]
async fn repeating_a_mail_whose_response_is_lost_sends_no_second_mail() {
    let world = start_world().await;
    world
        .add_faults(json!([{"match": {"provider": "brevo"}, "fault": {"timeout_after": {"hold_ms": 0}}, "times": 2}]))
        .await;
    let mail = email("awa@example.sn");
    for _ in 0..2 {
        assert_eq!(
            world
                .providers
                .brevo
                .send_email(&mail)
                .await
                .unwrap_err()
                .class,
            Class::Unknown
        );
    }
    world.providers.brevo.send_email(&mail).await.unwrap();
    assert_eq!(
        world.get_admin("messages?channel=email").await["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_rate_limited_call_has_no_effect_and_contains_the_wait() {
    let world = start_world().await;
    world
        .add_faults(json!([{"match": {"provider": "twilio"}, "fault": {"rate_limit": {"retry_after": 4}}, "times": 1}]))
        .await;
    let error = world
        .providers
        .twilio
        .create_message(&alert(AWA, None))
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.retry_after),
        (Class::RateLimited, Some(Duration::from_secs(4)))
    );
    assert_eq!(
        world.get_admin("messages").await["items"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
}

#[tokio::test]
async fn latency_only_delays() {
    let world = start_world().await;
    world
        .add_faults(json!([{"fault": {"latency_ms": 1}, "times": 1}]))
        .await;
    world
        .providers
        .twilio
        .create_message(&alert(AWA, None))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_injected_error_body_is_classified() {
    let world = start_world().await;
    let body = json!({"code": 63018, "message": "limit", "status": 400});
    world
        .add_faults(json!([{"match": {"method": "POST"}, "fault": {"status": {"code": 400, "body": body}}, "times": 1}]))
        .await;
    let error = world
        .providers
        .twilio
        .create_message(&alert(AWA, None))
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.retry_after),
        (Class::RateLimited, Some(Duration::from_secs(3600)))
    );
}

#[tokio::test]
async fn a_refused_connection_may_be_retried() {
    let world = start_world().await;
    let url = world.running.url();
    drop(world.running);
    let providers = Providers::sandbox(&url).unwrap();
    // The listening task ends at its next poll. Until then it drops connections, which is unknown.
    let mut class = Class::Unknown;
    while class == Class::Unknown {
        class = providers
            .twilio
            .create_message(&alert(AWA, None))
            .await
            .unwrap_err()
            .class;
    }
    assert_eq!(class, Class::Retry);
}
