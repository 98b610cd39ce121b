//! The controls, and the state after a restart.

use sandbox::{Sandbox, Settings};
use serde_json::json;

use crate::brevo::email;
use crate::harness::{start_world, start_world_with};
use crate::twilio::alert;

const AWA: &str = "+221770000001";

#[tokio::test]
async fn calls_are_counted_and_messages_filtered() {
    let world = start_world().await;
    world
        .providers
        .twilio
        .create_message(&alert(AWA, None))
        .await
        .unwrap();
    world
        .providers
        .twilio
        .create_message(&alert("+221770000002", None))
        .await
        .unwrap();
    world
        .providers
        .brevo
        .send_email(&email("awa@example.sn"))
        .await
        .unwrap();
    let calls = world.get_admin("calls").await;
    assert_eq!(
        (
            calls["twilio"]["create_message"].as_u64(),
            calls["brevo"]["send_email"].as_u64()
        ),
        (Some(2), Some(1))
    );
    assert_eq!(
        world
            .running
            .sandbox()
            .count_calls(sandbox::Provider::Twilio, "create_message"),
        2
    );
    for (query, count) in [
        ("", 3),
        ("?channel=whatsapp", 2),
        ("?channel=whatsapp&to=%2B221770000002", 1),
        ("?to=nobody", 0),
    ] {
        let seen = world.get_admin(&format!("messages{query}")).await;
        assert_eq!(seen["items"].as_array().unwrap().len(), count, "{query}");
    }
}

#[tokio::test]
async fn faults_are_listed_and_deleted_and_the_state_cleared() {
    let world = start_world().await;
    world
        .add_faults(json!([{"match": {"provider": "meta"}, "fault": "drop", "times": 3}]))
        .await;
    assert_eq!(world.get_admin("faults").await[0]["times"], 3);
    world
        .http
        .delete(world.admin_url("faults"))
        .send()
        .await
        .unwrap();
    assert_eq!(world.get_admin("faults").await, json!([]));
    world
        .providers
        .twilio
        .create_message(&alert(AWA, None))
        .await
        .unwrap();
    world
        .http
        .delete(world.admin_url("state"))
        .send()
        .await
        .unwrap();
    assert_eq!(world.get_admin("messages").await, json!({"items": []}));
    assert_eq!(world.get_admin("calls").await, json!({}));
}

#[tokio::test]
async fn settings_change_by_key_and_unknown_keys_are_rejected() {
    let world = start_world().await;
    let patch = async |body| {
        world
            .http
            .patch(world.admin_url("settings"))
            .json(&body)
            .send()
            .await
            .unwrap()
            .status()
    };
    assert_eq!(patch(json!({"read_receipts": false})).await, 200);
    assert_eq!(world.get_admin("settings").await["read_receipts"], false);
    assert_eq!(patch(json!({"colour": "red"})).await, 422);
}

#[tokio::test]
async fn a_restart_keeps_messages_and_mails() {
    let file = std::env::temp_dir().join(format!("sandbox-{}.jsonl", uuid::Uuid::new_v4()));
    let open = || Sandbox::open(Settings::default(), Some(file.clone())).unwrap();
    let mail = email("awa@example.sn");
    let (sid, id) = {
        let world = start_world_with(open()).await;
        let sid = world
            .providers
            .twilio
            .create_message(&alert(AWA, None))
            .await
            .unwrap()
            .sid;
        (
            sid,
            world
                .providers
                .brevo
                .send_email(&mail)
                .await
                .unwrap()
                .message_id,
        )
    };
    let world = start_world_with(open()).await;
    assert_eq!(
        world.providers.twilio.fetch_message(&sid).await.unwrap().to,
        AWA
    );
    assert_eq!(
        world
            .providers
            .brevo
            .send_email(&mail)
            .await
            .unwrap()
            .message_id,
        id
    );
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn the_page_is_served_with_a_policy_that_blocks_external_resources() {
    let world = start_world().await;
    let page = world.http.get(world.running.url()).send().await.unwrap();
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(page.text().await.unwrap().contains("Provider sandbox"));
}
