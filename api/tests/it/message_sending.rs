//! Sending: exactly one message arrives, whatever the provider, the network or a crash does.

use domain::identity::{Language, Role};
use domain::notifications::{Template, set_content_sid};
use providers::sandbox::{TWILIO_CONTENT_ALERT_EN, TWILIO_CONTENT_ALERT_FR};
use sandbox::Fault;
use serde_json::json;

use crate::message_fixtures::{
    add_fault, cause_alert, failing_with, only_message, run_jobs_to_end, send_alert_into_fault,
    send_inbound, start_without_callbacks, waiting_message,
};
use crate::shop::PHONE;

#[tokio::test]
async fn one_whatsapp_message_arrives_whatever_twilio_returns() {
    let faults = [
        ("500 three times", failing_with(500), 3),
        (
            "done, then no answer",
            Fault::TimeoutAfter { hold_ms: 0 },
            1,
        ),
        (
            "no answer, not done, twice",
            Fault::TimeoutBefore { hold_ms: 0 },
            2,
        ),
        ("cut at once", Fault::Drop, 2),
        ("too many requests", Fault::RateLimit { retry_after: 7 }, 3),
    ];
    for (name, what, times) in faults {
        let app = start_without_callbacks().await;
        let owner = app.with_company().await;
        add_fault(&app, "create_message", what, times);
        cause_alert(&owner, "whatsapp").await;
        run_jobs_to_end(&app).await;
        assert_eq!(app.list_messages_to(PHONE).await.len(), 1, "{name}");
        let message = only_message(&owner, "whatsapp").await;
        assert_eq!(
            (&message["state"], &message["sent_as"]),
            (&json!("sent"), &json!("template")),
            "{name}"
        );
        assert_eq!(
            message["provider_id"],
            app.list_messages_to(PHONE).await[0]["id"],
            "{name}"
        );
    }
}

#[tokio::test]
async fn one_e_mail_arrives_whatever_brevo_returns() {
    let faults = [
        ("500 three times", failing_with(500), 3),
        (
            "done, then no answer, twice",
            Fault::TimeoutAfter { hold_ms: 0 },
            2,
        ),
        ("cut at once", Fault::Drop, 2),
        ("too many requests", Fault::RateLimit { retry_after: 7 }, 2),
    ];
    for (name, what, times) in faults {
        let app = start_without_callbacks().await;
        let owner = app.with_company().await;
        add_fault(&app, "send_email", what, times);
        cause_alert(&owner, "email").await;
        run_jobs_to_end(&app).await;
        assert_eq!(app.list_messages_to(&owner.email).await.len(), 1, "{name}");
        assert_eq!(
            only_message(&owner, "email").await["state"],
            "sent",
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_lost_response_is_looked_up_and_a_failed_look_up_is_repeated() {
    let app = start_without_callbacks().await;
    let owner = app.with_company().await;
    add_fault(
        &app,
        "create_message",
        Fault::TimeoutAfter { hold_ms: 0 },
        1,
    );
    add_fault(&app, "list_messages", failing_with(503), 2);
    cause_alert(&owner, "whatsapp").await;
    run_jobs_to_end(&app).await;
    assert_eq!(app.list_messages_to(PHONE).await.len(), 1);
    assert_eq!(
        app.sandbox
            .sandbox()
            .count_calls(sandbox::Provider::Twilio, "create_message"),
        1
    );
    assert_eq!(
        app.sandbox
            .sandbox()
            .count_calls(sandbox::Provider::Twilio, "list_messages"),
        3
    );
}

#[tokio::test]
async fn an_ended_message_is_retried_by_hand() {
    let app = start_without_callbacks().await;
    let owner = app.with_company().await;
    add_fault(&app, "send_email", failing_with(400), 1);
    cause_alert(&owner, "email").await;
    run_jobs_to_end(&app).await;
    let message = only_message(&owner, "email").await;
    assert_eq!(message["state"], "failed");
    let path = format!("/messages/{}/retry", message["id"].as_str().unwrap());
    let viewer = owner.with_user(Role::Viewer).await;
    viewer
        .post(&path, json!({}))
        .await
        .expect_problem(403, "forbidden");
    app.with_company()
        .await
        .post(&path, json!({}))
        .await
        .expect_problem(404, "not_found");

    let taken_up = owner.post(&path, json!({})).await.expect(202);
    assert_eq!(taken_up["job"]["state"], "queued");
    owner
        .post(&path, json!({}))
        .await
        .expect_problem(409, "conflict");
    // The sandbox may still be closing the connection of the rejected call.
    run_jobs_to_end(&app).await;
    assert_eq!(app.list_messages_to(&owner.email).await.len(), 1);
    let message = only_message(&owner, "email").await;
    assert_eq!(
        (&message["state"], &message["error"]),
        (&json!("sent"), &json!(null))
    );
    owner
        .post(&path, json!({}))
        .await
        .expect_problem(409, "conflict");
}

#[tokio::test]
async fn a_message_whose_job_died_can_be_retried() {
    let app = start_without_callbacks().await;
    let owner = waiting_message(&app).await;
    sqlx::query!("delete from jobs_open")
        .execute(&mut app.owner().await)
        .await
        .unwrap();
    let message = only_message(&owner, "whatsapp").await;
    assert_eq!(message["state"], "queued");
    owner
        .post(
            &format!("/messages/{}/retry", message["id"].as_str().unwrap()),
            json!({}),
        )
        .await
        .expect(202);
    app.run_jobs().await;
    assert_eq!(app.list_messages_to(PHONE).await.len(), 1);
}

#[tokio::test]
async fn the_registered_template_is_sent() {
    let app = start_without_callbacks().await;
    let owner = app.with_company().await;
    let mut operator = app.owner().await;
    let (template, french) = (Template::Alert, Language::Fr);
    for wrong in ["", "HX1", "SM00000000000000000000000000000000"] {
        set_content_sid(&mut operator, template, french, wrong)
            .await
            .unwrap_err();
    }
    for sid in [TWILIO_CONTENT_ALERT_FR, TWILIO_CONTENT_ALERT_EN] {
        set_content_sid(&mut operator, template, french, sid)
            .await
            .unwrap();
    }
    cause_alert(&owner, "whatsapp").await;
    app.run_jobs().await;
    assert_eq!(
        app.list_messages_to(PHONE).await[0]["content_sid"],
        TWILIO_CONTENT_ALERT_EN
    );
}

#[tokio::test]
async fn an_opt_out_ends_a_waiting_message() {
    let app = start_without_callbacks().await;
    let owner = send_alert_into_fault(&app, "whatsapp", Fault::TimeoutBefore { hold_ms: 0 }).await;
    send_inbound(&app, "SM1", "STOP").await.expect(204);
    run_jobs_to_end(&app).await;
    assert_eq!(
        only_message(&owner, "whatsapp").await["state"],
        "suppressed"
    );
    assert_eq!(app.list_messages_to(PHONE).await.len(), 0);
}
