//! Outages of the providers: messages wait until they expire, and end in a state that reflects what
//! is known.

use std::time::Duration;

use sandbox::Fault;
use serde_json::json;

use crate::message_fixtures::{
    add_fault, cause_alert, empty_shelf, failing_with, list_effect_states, only_effect,
    only_message, report_mail_event, report_status, run_jobs_to_end, send_alert_into_fault,
    set_channel, start_without_callbacks,
};
use crate::shop::{PHONE, list_alerts};

#[tokio::test]
async fn an_undetermined_message_is_not_sent_again() {
    let app = start_without_callbacks().await;
    let owner = app.with_company().await;
    add_fault(
        &app,
        "create_message",
        Fault::TimeoutAfter { hold_ms: 0 },
        1,
    );
    add_fault(&app, "list_messages", failing_with(503), 99);
    cause_alert(&owner, "whatsapp").await;
    run_jobs_to_end(&app).await;
    assert_eq!(app.list_messages_to(PHONE).await.len(), 1);
    let owner = app.sign_in(&owner.email, owner.company).await;
    assert_eq!(
        only_message(&owner, "whatsapp").await["state"],
        "undetermined"
    );

    let (effect, sid) = (
        only_effect(&app).await,
        app.list_messages_to(PHONE).await[0]["id"].clone(),
    );
    report_status(&owner, effect, sid.as_str().unwrap(), "delivered")
        .await
        .expect(204);
    assert_eq!(only_message(&owner, "whatsapp").await["state"], "delivered");
}

#[tokio::test]
async fn an_outage_of_most_of_an_hour_delays_messages_and_loses_none() {
    let outages = [
        ("whatsapp", "create_message", failing_with(500)),
        (
            "whatsapp",
            "create_message",
            Fault::Status {
                code: 503,
                body: Some(json!("<html>")),
            },
        ),
        ("email", "send_email", failing_with(502)),
        ("email", "send_email", Fault::RateLimit { retry_after: 60 }),
    ];
    for (channel, operation, what) in outages {
        let app = start_without_callbacks().await;
        let owner = app.with_company().await;
        let to = if channel == "email" {
            owner.email.as_str()
        } else {
            PHONE
        };
        add_fault(&app, operation, what.clone(), 12);
        cause_alert(&owner, channel).await;
        run_jobs_to_end(&app).await;
        assert_eq!(app.list_messages_to(to).await.len(), 1, "{what:?}");
        let owner = app.sign_in(&owner.email, owner.company).await;
        assert_eq!(
            only_message(&owner, channel).await["state"],
            "sent",
            "{what:?}"
        );
        let tries = sqlx::query_scalar!("select count(*) from job_attempts")
            .fetch_one(&mut app.owner().await)
            .await;
        assert_eq!(
            tries.unwrap(),
            Some(0),
            "trouble of a provider's spends no try"
        );
    }
}

#[tokio::test]
async fn an_outage_longer_than_its_validity_expires_a_message() {
    let app = start_without_callbacks().await;
    let owner = app.with_company().await;
    add_fault(&app, "create_message", failing_with(500), 999);
    cause_alert(&owner, "whatsapp").await;
    run_jobs_to_end(&app).await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    assert_eq!(only_message(&owner, "whatsapp").await["state"], "expired");
    assert_eq!(app.list_messages_to(PHONE).await.len(), 0);
}

#[tokio::test]
async fn a_server_error_not_from_twilio_is_looked_up_only_after_a_minute() {
    for (code, body, at_once) in [
        (500, None, true),
        (500, Some(json!("oops")), false),
        (503, None, false),
    ] {
        let app = start_without_callbacks().await;
        send_alert_into_fault(
            &app,
            "whatsapp",
            Fault::Status {
                code,
                body: body.clone(),
            },
        )
        .await;
        app.advance(Duration::from_secs(30)).await;
        app.run_failing_jobs().await;
        let looked_up = app
            .sandbox
            .sandbox()
            .count_calls(sandbox::Provider::Twilio, "list_messages");
        assert_eq!(looked_up, u64::from(at_once), "{code} {body:?}");
        run_jobs_to_end(&app).await;
        assert_eq!(app.list_messages_to(PHONE).await.len(), 1);
    }
}

#[tokio::test]
async fn every_attempt_of_an_e_mail_carries_the_same_key() {
    for second in [
        Fault::RateLimit { retry_after: 7 },
        Fault::Drop,
        failing_with(500),
    ] {
        let app = start_without_callbacks().await;
        let owner = app.with_company().await;
        add_fault(&app, "send_email", Fault::TimeoutAfter { hold_ms: 0 }, 1);
        add_fault(&app, "send_email", second.clone(), 2);
        cause_alert(&owner, "email").await;
        run_jobs_to_end(&app).await;
        assert_eq!(
            app.sandbox
                .sandbox()
                .count_calls(sandbox::Provider::Brevo, "send_email"),
            4
        );
        assert_eq!(
            app.list_messages_to(&owner.email).await.len(),
            1,
            "{second:?}"
        );
        assert_eq!(list_effect_states(&app).await, ["sent"], "{second:?}");
    }
}

#[tokio::test]
async fn an_e_mail_rejected_on_a_repeated_attempt_is_undetermined() {
    let app = start_without_callbacks().await;
    let owner = app.with_company().await;
    add_fault(&app, "send_email", Fault::TimeoutAfter { hold_ms: 0 }, 1);
    add_fault(&app, "send_email", failing_with(400), 1);
    cause_alert(&owner, "email").await;
    run_jobs_to_end(&app).await;
    assert_eq!(only_message(&owner, "email").await["state"], "undetermined");
    let mail = app.list_messages_to(&owner.email).await[0].clone();
    let event = json!({
        "event": "delivered", "email": owner.email, "message-id": mail["id"], "X-Mailin-custom": mail["reference"],
    });
    report_mail_event(&app, event).await.expect(204);
    assert_eq!(only_message(&owner, "email").await["state"], "delivered");
}

#[tokio::test]
async fn a_critical_alert_that_may_be_unsent_is_sent_by_e_mail_once() {
    let app = start_without_callbacks().await;
    let owner = app.with_company().await;
    set_channel(&owner, "whatsapp").await;
    add_fault(
        &app,
        "create_message",
        Fault::TimeoutAfter { hold_ms: 0 },
        1,
    );
    add_fault(&app, "list_messages", failing_with(503), 999);
    for i in 0..11 {
        empty_shelf(&owner, &format!("p{i}")).await;
    }
    owner
        .post("/alerts/evaluations", json!({}))
        .await
        .expect(202);
    run_jobs_to_end(&app).await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    assert_eq!(list_alerts(&owner, "open").await[0]["severity"], "critical");
    assert_eq!(
        only_message(&owner, "whatsapp").await["state"],
        "undetermined"
    );
    assert_eq!(only_message(&owner, "email").await["state"], "sent");
    assert_eq!(app.list_messages_to(&owner.email).await.len(), 1);
}

#[tokio::test]
async fn an_alert_that_could_not_be_sent_for_hours_expires() {
    let app = start_without_callbacks().await;
    let owner = send_alert_into_fault(
        &app,
        "whatsapp",
        Fault::RateLimit {
            retry_after: 7 * 3600,
        },
    )
    .await;
    app.advance(Duration::from_secs(7 * 3600 + 1)).await;
    app.run_jobs().await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    assert_eq!(only_message(&owner, "whatsapp").await["state"], "expired");
    assert_eq!(app.list_messages_to(PHONE).await.len(), 0);
    assert_eq!(list_alerts(&owner, "open").await.len(), 1);
}
