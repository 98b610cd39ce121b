//! Sending: whatever the provider, the network or a crash does, one message in the end.

use std::time::Duration;

use domain::notifications::{Claimed, MessageId, OpenEffect, Outgoing, claim_message, render};
use platform::db::Scope;
use platform::ids::Uuid;
use providers::twilio::{Content, NewMessage};
use sandbox::Fault;
use serde_json::json;

use crate::app::{Client, TestApp};
use crate::mail::{alerted, effects, fault, only_effect, only_message, quiet, run_out, tell};
use crate::shop::{PHONE, alerts, now, product, stock};

#[tokio::test]
async fn whatever_twilio_does_one_whatsapp_message_arrives() {
    let faults = [
        ("500 three times", Fault::Status { code: 500, body: None }, 3),
        ("done, then no answer", Fault::TimeoutAfter { hold_ms: 0 }, 1),
        ("no answer, not done, twice", Fault::TimeoutBefore { hold_ms: 0 }, 2),
        ("cut at once", Fault::Drop, 2),
        ("too many requests", Fault::RateLimit { retry_after: 7 }, 3),
    ];
    for (name, what, times) in faults {
        let app = quiet().await;
        let owner = app.with_company().await;
        fault(&app, "create_message", what, times);
        alerted(&owner, "whatsapp").await;
        run_out(&app).await;
        assert_eq!(app.messages_to(PHONE).await.len(), 1, "{name}");
        let message = only_message(&owner, "whatsapp").await;
        assert_eq!((&message["state"], &message["sent_as"]), (&json!("sent"), &json!("template")), "{name}");
        assert_eq!(message["provider_id"], app.messages_to(PHONE).await[0]["id"], "{name}");
    }
}

#[tokio::test]
async fn whatever_brevo_does_one_e_mail_arrives() {
    let faults = [
        ("500 three times", Fault::Status { code: 500, body: None }, 3),
        ("done, then no answer, twice", Fault::TimeoutAfter { hold_ms: 0 }, 2),
        ("cut at once", Fault::Drop, 2),
        ("too many requests", Fault::RateLimit { retry_after: 7 }, 2),
    ];
    for (name, what, times) in faults {
        let app = quiet().await;
        let owner = app.with_company().await;
        fault(&app, "send_email", what, times);
        alerted(&owner, "email").await;
        run_out(&app).await;
        assert_eq!(app.messages_to(&owner.email).await.len(), 1, "{name}");
        assert_eq!(only_message(&owner, "email").await["state"], "sent", "{name}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_a_failing_look_up_is_repeated() {
    let app = quiet().await;
    let owner = app.with_company().await;
    fault(&app, "create_message", Fault::TimeoutAfter { hold_ms: 0 }, 1);
    fault(&app, "list_messages", Fault::Status { code: 503, body: None }, 2);
    alerted(&owner, "whatsapp").await;
    run_out(&app).await;
    assert_eq!(app.messages_to(PHONE).await.len(), 1);
    assert_eq!(app.sandbox.sandbox().calls("twilio", "create_message"), 1);
    assert_eq!(app.sandbox.sandbox().calls("twilio", "list_messages"), 3);
}

#[tokio::test]
async fn what_nobody_can_tell_is_not_sent_again() {
    let app = quiet().await;
    let owner = app.with_company().await;
    fault(&app, "create_message", Fault::TimeoutAfter { hold_ms: 0 }, 1);
    fault(&app, "list_messages", Fault::Status { code: 503, body: None }, 99);
    alerted(&owner, "whatsapp").await;
    run_out(&app).await;
    assert_eq!(app.messages_to(PHONE).await.len(), 1);
    assert_eq!(only_message(&owner, "whatsapp").await["state"], "undetermined");

    let (effect, sid) = (only_effect(&app).await, app.messages_to(PHONE).await[0]["id"].clone());
    tell(&owner, effect, sid.as_str().unwrap(), "delivered").await.expect(204);
    assert_eq!(only_message(&owner, "whatsapp").await["state"], "delivered");
}

/// Takes the message as its job does, up to the committed intention, and dies there.
async fn die_before_the_call(client: &Client<'_>) -> (Outgoing, OpenEffect) {
    let (app, company) = (client.app, client.company());
    let id = only_message(client, "whatsapp").await["id"].as_str().unwrap().parse::<MessageId>().unwrap();
    let mut tx = app.db.db.begin(Scope::company(company)).await.unwrap();
    let at = now(app).await;
    let Claimed::Send(message) = claim_message(&mut tx, id, at).await.unwrap() else { panic!("not to be sent") };
    let link = format!("{}/api/v1/alerts/{}", app.fleet.public_url, message.alert_id.unwrap());
    let words = render(message.template, message.language, &message.variables, &link).unwrap();
    let effect = OpenEffect::intend(&mut tx, company, &message, "template", &words.text, at).await.unwrap();
    tx.commit().await.unwrap();
    (message, effect)
}

/// The alert's job ran, the message's didn't.
async fn waiting_message(app: &TestApp) -> Client<'_> {
    let owner = app.with_company().await;
    sqlx::query!("update alert_rules set channels = array['whatsapp']").execute(&mut app.owner().await).await.unwrap();
    let shelf = product(&owner, "Riz").await;
    stock(&owner, shelf, 0).await;
    let company = owner.company();
    let mut tx = app.db.db.begin(Scope::company(company)).await.unwrap();
    let at = platform::db::now(&mut tx).await.unwrap();
    jobs::alerts::evaluate(&mut tx, company, at).await.unwrap();
    tx.commit().await.unwrap();
    owner
}

#[tokio::test]
async fn a_crash_between_intended_and_sent_sends_once() {
    let app = quiet().await;
    let owner = waiting_message(&app).await;
    die_before_the_call(&owner).await;
    app.try_jobs().await;
    assert_eq!(app.sandbox.sandbox().calls("twilio", "list_messages"), 0, "too early to believe a look-up");
    run_out(&app).await;
    assert_eq!(app.messages_to(PHONE).await.len(), 1);
    assert_eq!(only_message(&owner, "whatsapp").await["state"], "sent");
    assert_eq!(effects(&app).await, ["absent", "sent"]);
}

#[tokio::test]
async fn a_crash_between_sent_and_recorded_sends_once() {
    let app = quiet().await;
    let owner = waiting_message(&app).await;
    let (message, effect) = die_before_the_call(&owner).await;
    let content = Content::Text(effect.body.clone());
    let new = NewMessage { to: message.recipient, content, status_callback: None, validity: None };
    let sid = app.fleet.providers.twilio.create_message(&new).await.unwrap().sid;
    run_out(&app).await;
    assert_eq!(app.messages_to(PHONE).await.len(), 1);
    let message = only_message(&owner, "whatsapp").await;
    assert_eq!((&message["state"], &message["provider_id"]), (&json!("sent"), &json!(sid)));
    assert_eq!(effects(&app).await, ["sent"]);
}

#[tokio::test]
async fn a_message_found_at_twilio_belongs_to_one_effect_only() {
    let app = quiet().await;
    let owner = waiting_message(&app).await;
    let (message, effect) = die_before_the_call(&owner).await;
    let content = Content::Text(effect.body.clone());
    let new = NewMessage { to: message.recipient, content, status_callback: None, validity: None };
    let sid = app.fleet.providers.twilio.create_message(&new).await.unwrap().sid;
    // Another message of the same words had it.
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
    run_out(&app).await;
    assert_eq!(app.messages_to(PHONE).await.len(), 2);
}

#[tokio::test]
async fn an_alert_that_could_not_be_sent_for_hours_is_not_sent_any_more() {
    let app = quiet().await;
    let owner = app.with_company().await;
    fault(&app, "create_message", Fault::RateLimit { retry_after: 7 * 3600 }, 1);
    alerted(&owner, "whatsapp").await;
    app.try_jobs().await;
    app.advance(Duration::from_secs(7 * 3600 + 1)).await;
    app.run_jobs().await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    assert_eq!(only_message(&owner, "whatsapp").await["state"], "expired");
    assert_eq!(app.messages_to(PHONE).await.len(), 0);
    assert_eq!(alerts(&owner, "open").await.len(), 1);
}
