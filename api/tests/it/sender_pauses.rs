//! Failures that hold for every message of a sender: its limit at the channel, and a configuration
//! that the provider rejects.

use std::time::Duration;

use sandbox::{Fault, Provider};
use serde_json::{Value, json};

use crate::app::{Client, TestApp};
use crate::message_fixtures::{
    add_fault, cause_alert, empty_shelf, failing_with, first_sid, only_effect, report_failure,
    run_jobs_to_end, send_alert, start_without_callbacks,
};
use crate::operators::{create_operator, sign_in_with_code};
use crate::shop::{PHONE, evaluate_alerts, list_messages};

fn count_creations(app: &TestApp) -> u64 {
    app.sandbox
        .sandbox()
        .count_calls(Provider::Twilio, "create_message")
}

async fn list_states(owner: &Client<'_>, channel: &str) -> Vec<Value> {
    let messages = list_messages(owner, channel).await;
    messages.iter().map(|m| m["state"].clone()).collect()
}

#[tokio::test]
async fn after_a_limit_in_a_response_the_sender_waits() {
    let app = start_without_callbacks().await;
    let owner = app.with_company().await;
    let limit = json!({"code": 63018, "message": "limit", "status": 429});
    let fault = Fault::Status {
        code: 429,
        body: Some(limit),
    };
    add_fault(&app, "create_message", fault, 1);
    cause_alert(&owner, "whatsapp").await;
    app.run_failing_jobs().await;
    empty_shelf(&owner, "Lait").await;
    evaluate_alerts(&owner).await;
    app.run_failing_jobs().await;
    assert_eq!(list_states(&owner, "whatsapp").await, ["queued", "queued"]);
    assert_eq!(count_creations(&app), 1, "the second message is not tried");
    app.advance(Duration::from_secs(3590)).await;
    app.run_failing_jobs().await;
    assert_eq!(count_creations(&app), 1);
    app.advance(Duration::from_secs(60)).await;
    run_jobs_to_end(&app).await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    assert_eq!(list_states(&owner, "whatsapp").await, ["sent", "sent"]);
    assert_eq!(app.list_messages_to(PHONE).await.len(), 2);
}

#[tokio::test]
async fn after_a_limit_in_a_callback_the_sender_waits_and_mail_goes_out() {
    let app = start_without_callbacks().await;
    let owner = send_alert(&app, "whatsapp").await;
    let (sid, effect) = (first_sid(&app).await, only_effect(&app).await);
    report_failure(&owner, effect, &sid, ("failed", "63018"))
        .await
        .expect(204);
    empty_shelf(&owner, "Lait").await;
    evaluate_alerts(&owner).await;
    app.run_failing_jobs().await;
    assert_eq!(list_states(&owner, "whatsapp").await, ["queued", "queued"]);
    assert_eq!(count_creations(&app), 1);
    crate::message_fixtures::set_channel(&owner, "email").await;
    empty_shelf(&owner, "Huile").await;
    evaluate_alerts(&owner).await;
    assert_eq!(list_states(&owner, "email").await, ["sent"]);
    app.advance(Duration::from_secs(3600)).await;
    run_jobs_to_end(&app).await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    assert_eq!(list_states(&owner, "whatsapp").await, ["sent", "sent"]);
}

#[tokio::test]
async fn rejected_credentials_delay_messages_until_they_are_repaired() {
    for (channel, operation, provider) in [
        ("whatsapp", "create_message", Provider::Twilio),
        ("email", "send_email", Provider::Brevo),
    ] {
        let app = start_without_callbacks().await;
        let owner = app.with_company().await;
        add_fault(&app, operation, failing_with(401), 3);
        cause_alert(&owner, channel).await;
        app.run_failing_jobs().await;
        empty_shelf(&owner, "Lait").await;
        evaluate_alerts(&owner).await;
        app.run_failing_jobs().await;
        assert_eq!(list_states(&owner, channel).await, ["queued", "queued"]);
        let calls = app.sandbox.sandbox().count_calls(provider, operation);
        assert_eq!(calls, 1, "one message tries for all");
        create_operator(&app).await;
        let sender = &list_senders(&app, &owner).await[0];
        assert_eq!(
            (&sender["channel"], &sender["class"]),
            (&json!(channel), &json!("misconfigured"))
        );
        run_jobs_to_end(&app).await;
        let owner = app.sign_in(&owner.email, owner.company).await;
        assert_eq!(list_states(&owner, channel).await, ["sent", "sent"]);
        let senders = list_senders(&app, &owner).await;
        assert_eq!(senders, json!([]), "the sender works again");
    }
}

#[tokio::test]
async fn credentials_that_nobody_repairs_expire_messages() {
    let app = start_without_callbacks().await;
    let owner = app.with_company().await;
    add_fault(&app, "create_message", failing_with(401), 999);
    cause_alert(&owner, "whatsapp").await;
    run_jobs_to_end(&app).await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    assert_eq!(list_states(&owner, "whatsapp").await, ["expired"]);
}

/// Lists the senders as an operator sees them.
async fn list_senders(app: &TestApp, client: &Client<'_>) -> Value {
    let operator = sign_in_with_code(app, client).await;
    operator.get("/senders").await.expect(200)["items"].clone()
}
