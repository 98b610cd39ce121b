//! Callbacks of providers, also late, repeated, reordered and forged ones, and inbound messages.

use std::time::Duration;

use domain::notifications::EffectId;
use sandbox::Fault;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::message_fixtures::{
    cause_alert, empty_shelf, first_sid, list_effect_states, only_effect, only_message,
    report_error, report_mail_event, report_signed_status, report_status, run_jobs_to_end,
    send_alert, send_alert_into_fault, send_inbound, start_without_callbacks,
};
use crate::shop::{PHONE, evaluate_alerts, list_messages};

#[tokio::test]
async fn a_callback_settles_a_lost_response_without_a_look_up() {
    let app = start_without_callbacks().await;
    let owner = send_alert_into_fault(&app, "whatsapp", Fault::TimeoutAfter { hold_ms: 0 }).await;
    let sid = first_sid(&app).await;
    report_status(&owner, only_effect(&app).await, &sid, "delivered")
        .await
        .expect(204);
    run_jobs_to_end(&app).await;
    assert_eq!(app.list_messages_to(PHONE).await.len(), 1);
    assert_eq!(
        app.sandbox
            .sandbox()
            .count_calls(sandbox::Provider::Twilio, "list_messages"),
        0
    );
    assert_eq!(only_message(&owner, "whatsapp").await["state"], "delivered");
}

#[tokio::test]
async fn late_repeated_reordered_and_forged_callbacks_lead_to_one_state() {
    let app = start_without_callbacks().await;
    let owner = send_alert(&app, "whatsapp").await;
    let sid = first_sid(&app).await;
    let effect = only_effect(&app).await;
    let state = || async {
        only_message(&owner, "whatsapp").await["state"]
            .as_str()
            .unwrap()
            .to_owned()
    };

    report_status(&owner, effect, &sid, "delivered")
        .await
        .expect(204);
    for late in ["sent", "queued", "delivered", "undelivered"] {
        report_status(&owner, effect, &sid, late).await.expect(204);
        assert_eq!(state().await, "delivered", "{late}");
    }
    report_status(&owner, effect, "SM00000000000000000000000000000000", "read")
        .await
        .expect(204);
    report_status(&owner, EffectId::new(), &sid, "read")
        .await
        .expect(204);
    assert_eq!(state().await, "delivered");

    let forged = report_signed_status(&owner, "another token", effect, &sid, "read").await;
    forged.expect_problem(401, "invalid_signature");
    let stranger = app.with_company().await;
    report_status(&stranger, effect, &sid, "read")
        .await
        .expect(204);
    assert_eq!(state().await, "delivered");
    report_status(&owner, effect, &sid, "read")
        .await
        .expect(204);
    assert_eq!(state().await, "read");
}

#[tokio::test]
async fn the_callbacks_of_the_sandbox_bring_a_message_to_read() {
    let app = TestApp::start().await;
    let owner = send_alert(&app, "whatsapp").await;
    let read = async {
        while only_message(&owner, "whatsapp").await["state"] != "read" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), read)
        .await
        .expect("the callbacks come");
}

#[tokio::test]
async fn stop_suppresses_messages_and_start_allows_them_again() {
    let app = start_without_callbacks().await;
    let owner = send_alert(&app, "whatsapp").await;
    send_inbound(&app, "SM1", "Arrêt").await.expect(204);
    let suppressed = owner.get("/suppressions").await.expect(200)["items"][0].clone();
    assert_eq!(
        (&suppressed["reason"], &suppressed["recipient"]),
        (&json!("stop"), &json!(PHONE))
    );
    let path = format!("/suppressions/{}", suppressed["id"].as_str().unwrap());
    owner
        .delete(&path)
        .await
        .expect_problem(409, "asked_by_recipient");

    empty_shelf(&owner, "Lait").await;
    evaluate_alerts(&owner).await;
    assert_eq!(
        list_messages(&owner, "whatsapp").await[0]["state"],
        "suppressed"
    );
    assert_eq!(app.list_messages_to(PHONE).await.len(), 1);

    send_inbound(&app, "SM2", "START").await.expect(204);
    send_inbound(&app, "SM1", "Arrêt").await.expect(204);
    empty_shelf(&owner, "Huile").await;
    evaluate_alerts(&owner).await;
    let sent = app.list_messages_to(PHONE).await;
    assert_eq!(sent.len(), 2);
    assert_eq!(
        sent[1]["content_sid"],
        Value::Null,
        "inside the 24-hour window it is free text"
    );
    assert_eq!(
        list_messages(&owner, "whatsapp").await[0]["sent_as"],
        "text"
    );
}

#[tokio::test]
async fn rejected_free_text_is_sent_again_as_a_template() {
    let app = start_without_callbacks().await;
    let owner = app.with_company().await;
    // Our state says that the window is open; Twilio's says that it is closed.
    sqlx::query!(
        "insert into contact_windows (company_id, recipient, last_inbound_at) values ($1, $2, engine_now())",
        owner.company().0,
        PHONE,
    )
    .execute(&mut app.owner().await)
    .await
    .unwrap();
    cause_alert(&owner, "whatsapp").await;
    app.run_jobs().await;
    let sid = first_sid(&app).await;
    let effect = only_effect(&app).await;
    for _ in 0..2 {
        report_error(&owner, effect, &sid, "63016")
            .await
            .expect(204);
        assert_eq!(only_message(&owner, "whatsapp").await["state"], "queued");
    }
    app.run_jobs().await;
    let sent = app.list_messages_to(PHONE).await;
    assert_eq!(sent.len(), 2);
    assert!(sent[1]["content_sid"].is_string());
    for late in ["failed", "sent", "undelivered", "queued"] {
        let message = only_message(&owner, "whatsapp").await;
        assert_eq!(
            (&message["state"], &message["sent_as"]),
            (&json!("sent"), &json!("template")),
            "{late}"
        );
        assert_eq!(message["provider_id"], sent[1]["id"]);
        report_error(&owner, effect, &sid, "63016")
            .await
            .expect(204);
        report_status(&owner, effect, &sid, late).await.expect(204);
    }
    app.run_jobs().await;
    assert_eq!(app.list_messages_to(PHONE).await.len(), 2);
    assert_eq!(list_effect_states(&app).await, ["absent", "sent"]);
}

#[tokio::test]
async fn of_an_abandoned_attempt_only_proof_of_delivery_counts() {
    let app = start_without_callbacks().await;
    let owner = send_alert_into_fault(&app, "whatsapp", Fault::TimeoutBefore { hold_ms: 0 }).await;
    let given_up = only_effect(&app).await;
    run_jobs_to_end(&app).await;
    assert_eq!(list_effect_states(&app).await, ["absent", "sent"]);
    for (word, state) in [
        ("sent", "sent"),
        ("failed", "sent"),
        ("delivered", "delivered"),
        ("read", "read"),
    ] {
        report_status(&owner, given_up, "SM00000000000000000000000000000001", word)
            .await
            .expect(204);
        assert_eq!(
            only_message(&owner, "whatsapp").await["state"],
            state,
            "{word}"
        );
    }
}

#[tokio::test]
async fn a_temporary_channel_failure_is_retried_a_few_times() {
    let app = start_without_callbacks().await;
    let owner = send_alert(&app, "whatsapp").await;
    for tries in 1..=4 {
        let owner = app.sign_in(&owner.email, owner.company).await;
        let message = only_message(&owner, "whatsapp").await;
        assert_eq!(
            (&message["state"], app.list_messages_to(PHONE).await.len()),
            (&json!("sent"), tries)
        );
        let sid = message["provider_id"].as_str().unwrap();
        let effect = sqlx::query_scalar!("select id from effects where provider_id = $1", sid);
        let effect = EffectId(effect.fetch_one(&mut app.owner().await).await.unwrap());
        for _ in 0..2 {
            report_error(
                &owner,
                effect,
                sid,
                if tries == 2 { "63018" } else { "63012" },
            )
            .await
            .expect(204);
        }
        assert!(app.run_jobs().await.is_empty(), "not at once");
        app.advance(Duration::from_secs(if tries == 2 { 3600 } else { 60 }))
            .await;
        app.run_jobs().await;
    }
    assert_eq!(app.list_messages_to(PHONE).await.len(), 4);
    let owner = app.sign_in(&owner.email, owner.company).await;
    let message = only_message(&owner, "whatsapp").await;
    assert_eq!(
        (&message["state"], &message["error_code"]),
        (&json!("failed"), &json!("63012"))
    );
}

#[tokio::test]
async fn an_opt_out_outranks_every_other_suppression() {
    let app = start_without_callbacks().await;
    let owner = send_alert(&app, "whatsapp").await;
    let sid = first_sid(&app).await;
    let address = json!({"channel": "whatsapp", "recipient": PHONE});
    let lift = |suppressed: Value| format!("/suppressions/{}", suppressed["id"].as_str().unwrap());

    let suppressed = owner
        .post("/suppressions", address.clone())
        .await
        .expect(201);
    send_inbound(&app, "SM1", "STOP").await.expect(204);
    owner
        .delete(&lift(suppressed))
        .await
        .expect_problem(409, "asked_by_recipient");
    send_inbound(&app, "SM2", "START").await.expect(204);

    let suppressed = owner.post("/suppressions", address).await.expect(201);
    assert_eq!(suppressed["reason"], "manual");
    report_error(&owner, only_effect(&app).await, &sid, "21610")
        .await
        .expect(204);
    owner
        .delete(&lift(suppressed))
        .await
        .expect_problem(409, "asked_by_recipient");
}

#[tokio::test]
async fn a_number_unknown_to_whatsapp_is_suppressed() {
    let app = start_without_callbacks().await;
    let owner = send_alert(&app, "whatsapp").await;
    let sid = first_sid(&app).await;
    report_error(&owner, only_effect(&app).await, &sid, "63024")
        .await
        .expect(204);
    let message = only_message(&owner, "whatsapp").await;
    assert_eq!(
        (&message["state"], &message["error_code"]),
        (&json!("failed"), &json!("63024"))
    );
    let suppressed = owner.get("/suppressions").await.expect(200)["items"][0].clone();
    assert_eq!(suppressed["reason"], "invalid");
    owner
        .delete(&format!(
            "/suppressions/{}",
            suppressed["id"].as_str().unwrap()
        ))
        .await
        .expect(204);
    assert_eq!(
        owner.get("/suppressions").await.expect(200)["items"],
        json!([])
    );
}

#[tokio::test]
async fn a_bounce_suppresses_the_address_and_a_wrong_token_changes_nothing() {
    let app = start_without_callbacks().await;
    let owner = send_alert(&app, "email").await;
    let mail = app.list_messages_to(&owner.email).await[0].clone();
    let event = json!([{
        "event": "hard_bounce", "email": owner.email, "message-id": mail["id"], "X-Mailin-custom": mail["reference"],
    }]);
    let nobody = app.anonymous();
    nobody
        .post("/webhooks/brevo/guessed", event.clone())
        .await
        .expect_problem(401, "invalid_signature");
    for _ in 0..2 {
        report_mail_event(&app, event.clone()).await.expect(204);
    }
    assert_eq!(only_message(&owner, "email").await["state"], "undelivered");
    let suppressed = owner.get("/suppressions").await.expect(200);
    assert_eq!(suppressed["items"].as_array().unwrap().len(), 1);
    assert_eq!(suppressed["items"][0]["reason"], "hard_bounce");
    report_mail_event(&app, json!("?"))
        .await
        .expect_problem(400, "invalid_json");
}
