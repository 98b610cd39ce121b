//! Attempts of a message that are lost between two steps: it is sent once all the same.

use domain::notifications::{
    MessageClaim, MessageId, OpenEffect, Outgoing, SentAs, claim_message, render_message,
};
use platform::db::Scope;
use platform::ids::Uuid;
use providers::twilio::{Content, NewMessage};
use sandbox::Fault;
use serde_json::json;

use crate::app::Client;
use crate::message_fixtures::{
    failing_with, list_effect_states, only_message, run_jobs_to_end, send_alert_into_fault,
    start_without_callbacks, waiting_message,
};
use crate::shop::{PHONE, read_clock};

#[tokio::test]
async fn an_address_suppressed_meanwhile_gets_no_repeated_e_mail() {
    for (first, expected) in [
        (Fault::RateLimit { retry_after: 7 }, "suppressed"),
        (failing_with(500), "undetermined"),
    ] {
        let app = start_without_callbacks().await;
        let owner = send_alert_into_fault(&app, "email", first).await;
        let address = json!({"channel": "email", "recipient": owner.email});
        owner.post("/suppressions", address).await.expect(201);
        run_jobs_to_end(&app).await;
        assert_eq!(
            app.sandbox
                .sandbox()
                .count_calls(sandbox::Provider::Brevo, "send_email"),
            1
        );
        assert_eq!(only_message(&owner, "email").await["state"], expected);
    }
}

/// Claims the message as its job does, commits the intention, and stops there.
async fn die_before_the_call(client: &Client<'_>) -> (Outgoing, OpenEffect) {
    let (app, company) = (client.app, client.company());
    let id = only_message(client, "whatsapp").await["id"]
        .as_str()
        .unwrap()
        .parse::<MessageId>()
        .unwrap();
    let mut tx = app.db.db.begin(Scope::company(company)).await.unwrap();
    let at = read_clock(app).await;
    let MessageClaim::Send(message) = claim_message(&mut tx, id, at).await.unwrap() else {
        panic!("not to be sent")
    };
    let link = format!(
        "{}/alerts/{}",
        app.services.console_url,
        message.alert_id.unwrap()
    );
    let words = render_message(
        message.template,
        message.language,
        &message.variables,
        &link,
    )
    .unwrap();
    let effect = OpenEffect::record_intention(
        &mut tx,
        company,
        &message,
        SentAs::Template,
        &words.text,
        at,
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    (message, effect)
}

#[tokio::test]
async fn a_crash_between_intended_and_sent_sends_once() {
    let app = start_without_callbacks().await;
    let owner = waiting_message(&app).await;
    die_before_the_call(&owner).await;
    app.run_failing_jobs().await;
    assert_eq!(
        app.sandbox
            .sandbox()
            .count_calls(sandbox::Provider::Twilio, "list_messages"),
        0,
        "too early to believe a look-up"
    );
    run_jobs_to_end(&app).await;
    assert_eq!(app.list_messages_to(PHONE).await.len(), 1);
    assert_eq!(only_message(&owner, "whatsapp").await["state"], "sent");
    assert_eq!(list_effect_states(&app).await, ["absent", "sent"]);
}

#[tokio::test]
async fn a_crash_between_sent_and_recorded_sends_once() {
    let app = start_without_callbacks().await;
    let owner = waiting_message(&app).await;
    let (message, effect) = die_before_the_call(&owner).await;
    let content = Content::Text(effect.body.clone());
    let new = NewMessage {
        to: message.recipient,
        content,
        status_callback: None,
        validity: None,
    };
    let sid = app
        .services
        .providers
        .twilio
        .create_message(&new)
        .await
        .unwrap()
        .sid;
    run_jobs_to_end(&app).await;
    assert_eq!(app.list_messages_to(PHONE).await.len(), 1);
    let message = only_message(&owner, "whatsapp").await;
    assert_eq!(
        (&message["state"], &message["provider_id"]),
        (&json!("sent"), &json!(sid))
    );
    assert_eq!(list_effect_states(&app).await, ["sent"]);
}

#[tokio::test]
async fn a_message_found_at_twilio_belongs_to_one_effect_only() {
    let app = start_without_callbacks().await;
    let owner = waiting_message(&app).await;
    let (message, effect) = die_before_the_call(&owner).await;
    let content = Content::Text(effect.body.clone());
    let new = NewMessage {
        to: message.recipient,
        content,
        status_callback: None,
        validity: None,
    };
    let sid = app
        .services
        .providers
        .twilio
        .create_message(&new)
        .await
        .unwrap()
        .sid;
    // It belongs to another message with the same text.
    sqlx::query!(
        "with other as (
           insert into messages (company_id, id, channel, recipient, template, language, variables, state, created_at)
           select company_id, $1, channel, recipient, template, language, variables, 'sent', created_at from messages
           returning company_id, id)
         insert into effects (company_id, id, message_id, provider, state, provider_id, recipient, body, intended_at, settle_at)
         select company_id, gen_random_uuid(), id, 'twilio', 'sent', $2, '', '', engine_now(), engine_now() from other",
        Uuid::now_v7(),
        sid,
    )
    .execute(&mut app.owner().await)
    .await
    .unwrap();
    run_jobs_to_end(&app).await;
    assert_eq!(app.list_messages_to(PHONE).await.len(), 2);
}
