//! WhatsApp messages: creating, finding and fetching them, and their callbacks.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use providers::Class;
use providers::sandbox::TWILIO_CONTENT_ALERT_FR;
use providers::twilio::{Content, MessageQuery, MessageStatus, NewMessage, StatusCallback};
use serde_json::json;

use crate::harness::{Receiver, start_world};

const AWA: &str = "+221770000001";

/// Returns an alert by template with the status callback `callback`.
pub(crate) fn alert(to: &str, callback: Option<String>) -> NewMessage {
    let variables = [
        ("1", "Rupture"),
        ("2", "Riz 5 kg"),
        ("3", "https://vigie.example/a/1"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    NewMessage {
        to: to.to_owned(),
        content: Content::Template {
            content_sid: TWILIO_CONTENT_ALERT_FR.to_owned(),
            variables: BTreeMap::from(variables),
        },
        status_callback: callback,
        validity: Some(Duration::from_secs(3600)),
    }
}

#[tokio::test]
async fn each_status_of_a_message_is_posted_with_a_valid_signature() {
    let world = start_world().await;
    let mut receiver = Receiver::start().await;
    let twilio = &world.providers.twilio;
    let callback = receiver.url("/webhooks/twilio/status?effect=42&x=a%20b");
    let message = twilio
        .create_message(&alert(AWA, Some(callback.clone())))
        .await
        .unwrap();
    assert_eq!(message.status, MessageStatus::Queued);
    assert_eq!(
        (message.to.as_str(), message.from.as_str()),
        (AWA, twilio.whatsapp_from())
    );
    assert_eq!(
        message.body,
        "*Rupture*\nRiz 5 kg\n\nhttps://vigie.example/a/1"
    );
    for status in [
        MessageStatus::Sent,
        MessageStatus::Delivered,
        MessageStatus::Read,
    ] {
        let call = receiver.next().await;
        let form = call.form();
        assert_eq!(call.url, callback);
        assert!(twilio.verify_signature(&callback, &form, call.header("x-twilio-signature")));
        assert!(!twilio.verify_signature(
            &receiver.url("/elsewhere"),
            &form,
            call.header("x-twilio-signature")
        ));
        let told = StatusCallback::from_form(&form).unwrap();
        assert_eq!(
            (told.message_sid.as_str(), told.status, told.error_code),
            (message.sid.as_str(), status, None)
        );
    }
    let fetched = twilio.fetch_message(&message.sid).await.unwrap();
    assert_eq!(fetched.status, MessageStatus::Read);
    assert!(fetched.sent_at.is_some());
}

#[tokio::test]
async fn free_text_fails_outside_the_window_and_passes_after_the_recipient_wrote() {
    let world = start_world().await;
    let mut receiver = Receiver::start().await;
    let text = NewMessage {
        content: Content::Text("Bonjour é 👍".into()),
        ..alert(AWA, Some(receiver.url("/status")))
    };
    world.providers.twilio.create_message(&text).await.unwrap();
    let told = StatusCallback::from_form(&receiver.next().await.form()).unwrap();
    assert_eq!(
        (told.status, told.error_code),
        (MessageStatus::Failed, Some(63016))
    );
    assert_eq!(providers::twilio::class_of(63016), Class::WindowClosed);

    let inbound = receiver.url("/inbound");
    world
        .running
        .sandbox()
        .set(|settings| settings.twilio_inbound_url = Some(inbound.clone()));
    world
        .post_admin(
            &format!("whatsapp/{AWA}/messages"),
            json!({"body": "Bonjour"}),
        )
        .await;
    let call = receiver.next().await;
    assert!(world.providers.twilio.verify_signature(
        &inbound,
        &call.form(),
        call.header("x-twilio-signature")
    ));
    let heard = providers::twilio::InboundMessage::from_form(&call.form()).unwrap();
    assert_eq!((heard.from.as_str(), heard.body.as_str()), (AWA, "Bonjour"));

    world.providers.twilio.create_message(&text).await.unwrap();
    let told = StatusCallback::from_form(&receiver.next().await.form()).unwrap();
    assert_eq!(told.status, MessageStatus::Sent);
}

#[tokio::test]
async fn a_recipient_who_opted_out_gets_no_message() {
    let world = start_world().await;
    world
        .post_admin(&format!("whatsapp/{AWA}/messages"), json!({"body": "Stop"}))
        .await;
    let error = world
        .providers
        .twilio
        .create_message(&alert(AWA, None))
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.code.as_deref()),
        (Class::Recipient, Some("21610"))
    );
}

#[tokio::test]
async fn an_invalid_number_and_an_invalid_template_are_permanent_errors() {
    let world = start_world().await;
    let error = world
        .providers
        .twilio
        .create_message(&alert("+15005550001", None))
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.status, error.code.as_deref()),
        (Class::Recipient, Some(400), Some("21211"))
    );
    assert!(!error.to_string().contains("15005550001"), "{error}");
    let mut message = alert(AWA, None);
    message.content = Content::Template {
        content_sid: "HX1".into(),
        variables: BTreeMap::new(),
    };
    let error = world
        .providers
        .twilio
        .create_message(&message)
        .await
        .unwrap_err();
    assert_eq!(error.class, Class::Misconfigured);
    let missing = world
        .providers
        .twilio
        .fetch_message("SM00000000000000000000000000000000")
        .await
        .unwrap_err();
    assert!(missing.is_not_found());
}

#[tokio::test]
async fn messages_are_listed_by_recipient_newest_first_in_pages() {
    let world = start_world().await;
    let twilio = &world.providers.twilio;
    let mut sent = Vec::new();
    for turn in 0..7 {
        let to = if turn % 3 == 2 { "+221770000009" } else { AWA };
        let sid = twilio.create_message(&alert(to, None)).await.unwrap().sid;
        if to == AWA {
            sent.insert(0, sid);
        }
    }
    let query = MessageQuery {
        to: Some(AWA.into()),
        page_size: 2,
        ..MessageQuery::default()
    };
    let mut page = twilio.list_messages(&query).await.unwrap();
    let mut listed: Vec<String> = Vec::new();
    let mut pages = 1;
    loop {
        listed.extend(page.messages.into_iter().map(|m| m.sid));
        let Some(next) = page.next else { break };
        page = twilio.next_page(&next).await.unwrap();
        pages += 1;
    }
    assert_eq!((listed, pages), (sent, 3));
}

#[tokio::test]
async fn messages_are_listed_between_two_dates_of_sending() {
    let world = start_world().await;
    let twilio = &world.providers.twilio;
    let mut receiver = Receiver::start().await;
    twilio
        .create_message(&alert(AWA, Some(receiver.url("/status"))))
        .await
        .unwrap();
    receiver.next().await;
    let today = Utc::now().date_naive();
    let count = async |from: i64, to: i64| {
        let query = MessageQuery {
            sent_from_day: Some(today + TimeDelta::days(from)),
            sent_to_day: Some(today + TimeDelta::days(to)),
            ..MessageQuery::default()
        };
        twilio.list_messages(&query).await.unwrap().messages.len()
    };
    assert_eq!(
        (count(-1, 1).await, count(2, 3).await, count(-3, -2).await),
        (1, 0, 0)
    );
}

#[tokio::test]
async fn duplicate_and_reversed_callbacks_keep_the_final_status() {
    let world = start_world().await;
    world
        .add_faults(json!([
            {"match": {"operation": "status_callback"}, "fault": "reverse", "times": 1},
            {"match": {"operation": "status_callback"}, "fault": "duplicate", "times": 1},
        ]))
        .await;
    let mut receiver = Receiver::start().await;
    world
        .providers
        .twilio
        .create_message(&alert(AWA, Some(receiver.url("/status"))))
        .await
        .unwrap();
    let (mut told, mut now) = (Vec::new(), MessageStatus::Queued);
    for _ in 0..4 {
        let status = StatusCallback::from_form(&receiver.next().await.form())
            .unwrap()
            .status;
        now = if status.supersedes(now) { status } else { now };
        told.push(status);
    }
    use MessageStatus::{Delivered, Read, Sent};
    assert_eq!((told, now), (vec![Read, Read, Delivered, Sent], Read));
}
