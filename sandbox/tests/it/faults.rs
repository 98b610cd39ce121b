//! Each fault as the clients see it, and what may be done after it.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use providers::{Class, Providers, Timeouts};
use serde_json::json;

use crate::brevo::email;
use crate::harness::world;
use crate::twilio::alert;

const AWA: &str = "+221770000001";

#[tokio::test]
async fn a_message_lost_after_it_was_sent_is_unknown_and_the_look_up_finds_it() {
    let world = world().await;
    let started = Utc::now();
    world
        .fault(
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
async fn a_message_cut_off_before_it_was_done_is_unknown_and_absent() {
    let world = world().await;
    for fault in [
        json!("drop"),
        json!({"timeout_before": {"hold_ms": 0}}),
        json!({"status": {"code": 503}}),
    ] {
        world
            .fault(json!([{"match": {"operation": "create_message"}, "fault": fault, "times": 1}]))
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
async fn a_client_gives_up_at_its_own_time_out() {
    let world = world().await;
    let hasty = Timeouts {
        total: Duration::from_millis(50),
        ..Timeouts::default()
    };
    let providers = Providers::sandbox_with(&world.running.url(), hasty).unwrap();
    world
        .fault(json!([{"fault": {"timeout_before": {}}}]))
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
async fn a_mail_lost_after_it_was_sent_is_repeated_without_a_second_mail() {
    let world = world().await;
    world
        .fault(json!([{"match": {"provider": "brevo"}, "fault": {"timeout_after": {"hold_ms": 0}}, "times": 2}]))
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
        world.get("messages?channel=email").await["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_limit_is_surely_not_done_and_says_how_long() {
    let world = world().await;
    world
        .fault(json!([{"match": {"provider": "twilio"}, "fault": {"rate_limit": {"retry_after": 4}}, "times": 1}]))
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
        world.get("messages").await["items"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
}

#[tokio::test]
async fn latency_only_delays() {
    let world = world().await;
    world
        .fault(json!([{"fault": {"latency_ms": 1}, "times": 1}]))
        .await;
    world
        .providers
        .twilio
        .create_message(&alert(AWA, None))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_given_answer_is_read_by_the_error_map() {
    let world = world().await;
    let body = json!({"code": 63018, "message": "limit", "status": 400});
    world
        .fault(json!([{"match": {"method": "POST"}, "fault": {"status": {"code": 400, "body": body}}, "times": 1}]))
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
async fn a_connection_that_never_stood_sent_nothing() {
    let world = world().await;
    let url = world.running.url();
    drop(world.running);
    let providers = Providers::sandbox(&url).unwrap();
    // The task that listened ends at its next turn; until then the line is cut, which is unknown.
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
