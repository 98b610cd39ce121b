//! E-mails: sent once per idempotency key, and their webhook events.

use providers::Class;
use providers::brevo::{Attachment, EventKind, NewEmail, parse_events};
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Receiver, start_world};

pub(crate) fn email(to: &str) -> NewEmail {
    NewEmail {
        to_email: to.into(),
        to_name: Some("Awa".into()),
        subject: "Rupture : riz 5 kg".into(),
        html: "<p>Il ne reste <b>rien</b>.</p>".into(),
        text: Some("Il ne reste rien.".into()),
        idempotency_key: Uuid::new_v4(),
        reference: "send-1".into(),
        tags: vec!["alert".into()],
        attachments: vec![Attachment {
            file_name: "stock.csv".into(),
            content: b"sku;units\r\n".to_vec(),
        }],
    }
}

#[tokio::test]
async fn the_same_key_sends_one_mail_and_returns_its_id() {
    let world = start_world().await;
    let mail = email("awa@example.sn");
    let first = world.providers.brevo.send_email(&mail).await.unwrap();
    let second = world.providers.brevo.send_email(&mail).await.unwrap();
    assert_eq!(first.message_id, second.message_id);
    assert_eq!(first.limit.unwrap().limit, 1000);
    let other = world
        .providers
        .brevo
        .send_email(&email("awa@example.sn"))
        .await
        .unwrap();
    assert_ne!(first.message_id, other.message_id);
    let seen = world
        .get_admin("messages?channel=email&to=awa@example.sn")
        .await;
    assert_eq!(seen["items"].as_array().unwrap().len(), 2);
    assert_eq!(seen["items"][0]["subject"], "Rupture : riz 5 kg");
    assert_eq!(seen["items"][0]["reference"], "send-1");
    assert_eq!(
        seen["items"][0]["attachments"],
        json!([{"name": "stock.csv", "content": "c2t1O3VuaXRzDQo=", "bytes": 11}])
    );
}

#[tokio::test]
async fn the_webhook_receives_the_delivery_with_reference_and_token() {
    let world = start_world().await;
    let mut receiver = Receiver::start().await;
    let url = receiver.url("/webhooks/brevo/t");
    world
        .running
        .sandbox()
        .set(|settings| settings.brevo_webhook_url = Some(url));
    let sent = world
        .providers
        .brevo
        .send_email(&email("awa@example.sn"))
        .await
        .unwrap();
    for kind in [EventKind::Requested, EventKind::Delivered] {
        let call = receiver.next().await;
        assert!(
            world
                .providers
                .brevo
                .verify_webhook_token(call.header("authorization"))
        );
        let events = parse_events(&call.body).unwrap();
        assert_eq!(
            (events[0].kind, events[0].message_id.as_str()),
            (kind, sent.message_id.as_str())
        );
        assert_eq!(events[0].reference.as_deref(), Some("send-1"));
    }
    for token in ["", "Bearer ", "Bearer sandbox-brevo-webhooK", "sandbox"] {
        assert!(
            !world.providers.brevo.verify_webhook_token(token),
            "{token}"
        );
    }
}

#[tokio::test]
async fn a_bounce_is_reported_and_an_invalid_address_rejected() {
    let world = start_world().await;
    let mut receiver = Receiver::start().await;
    let url = receiver.url("/hook");
    world
        .running
        .sandbox()
        .set(|settings| settings.brevo_webhook_url = Some(url));
    world
        .providers
        .brevo
        .send_email(&email("bounce@example.sn"))
        .await
        .unwrap();
    receiver.next().await;
    let bounced = &parse_events(&receiver.next().await.body).unwrap()[0];
    assert!(bounced.kind == EventKind::HardBounce && bounced.kind.suppresses());
    let error = world
        .providers
        .brevo
        .send_email(&email("nobody"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.code.as_deref()),
        (Class::Recipient, Some("invalid_parameter"))
    );
}

#[tokio::test]
async fn a_rate_limit_is_in_the_header_of_brevo() {
    let world = start_world().await;
    world
        .add_faults(json!([{"match": {"provider": "brevo"}, "fault": {"rate_limit": {"retry_after": 9}}, "times": 1}]))
        .await;
    let mail = email("awa@example.sn");
    let error = world.providers.brevo.send_email(&mail).await.unwrap_err();
    assert_eq!(
        (error.class, error.retry_after.map(|w| w.as_secs())),
        (Class::RateLimited, Some(9))
    );
    world.providers.brevo.send_email(&mail).await.unwrap();
}
