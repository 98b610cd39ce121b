//! Outages of the providers: messages wait for as long as they are worth sending, and end as what
//! is known of them.

use std::time::Duration;

use sandbox::Fault;
use serde_json::json;

use crate::mail::{
    alerted, effects, fault, only_effect, only_message, quiet, run_out, tell, tell_of_mail,
};
use crate::shop::{PHONE, alerts, product, stock};

#[tokio::test]
async fn what_nobody_can_tell_is_not_sent_again() {
    let app = quiet().await;
    let owner = app.with_company().await;
    fault(
        &app,
        "create_message",
        Fault::TimeoutAfter { hold_ms: 0 },
        1,
    );
    fault(
        &app,
        "list_messages",
        Fault::Status {
            code: 503,
            body: None,
        },
        99,
    );
    alerted(&owner, "whatsapp").await;
    run_out(&app).await;
    assert_eq!(app.messages_to(PHONE).await.len(), 1);
    let owner = app.sign_in(&owner.email, owner.company).await;
    assert_eq!(
        only_message(&owner, "whatsapp").await["state"],
        "undetermined"
    );

    let (effect, sid) = (
        only_effect(&app).await,
        app.messages_to(PHONE).await[0]["id"].clone(),
    );
    tell(&owner, effect, sid.as_str().unwrap(), "delivered")
        .await
        .expect(204);
    assert_eq!(only_message(&owner, "whatsapp").await["state"], "delivered");
}

#[tokio::test]
async fn an_outage_of_most_of_an_hour_delays_a_message_and_loses_none() {
    let outages = [
        (
            "whatsapp",
            "create_message",
            Fault::Status {
                code: 500,
                body: None,
            },
        ),
        (
            "whatsapp",
            "create_message",
            Fault::Status {
                code: 503,
                body: Some(json!("<html>")),
            },
        ),
        (
            "email",
            "send_email",
            Fault::Status {
                code: 502,
                body: None,
            },
        ),
        ("email", "send_email", Fault::RateLimit { retry_after: 60 }),
    ];
    for (channel, operation, what) in outages {
        let app = quiet().await;
        let owner = app.with_company().await;
        let to = if channel == "email" {
            owner.email.as_str()
        } else {
            PHONE
        };
        fault(&app, operation, what.clone(), 12);
        alerted(&owner, channel).await;
        run_out(&app).await;
        assert_eq!(app.messages_to(to).await.len(), 1, "{what:?}");
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
async fn an_outage_that_outlasts_the_message_ends_it_as_out_of_date() {
    let app = quiet().await;
    let owner = app.with_company().await;
    fault(
        &app,
        "create_message",
        Fault::Status {
            code: 500,
            body: None,
        },
        999,
    );
    alerted(&owner, "whatsapp").await;
    run_out(&app).await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    assert_eq!(only_message(&owner, "whatsapp").await["state"], "expired");
    assert_eq!(app.messages_to(PHONE).await.len(), 0);
}

#[tokio::test]
async fn a_server_error_that_is_not_twilios_own_is_looked_up_after_a_minute_only() {
    for (code, body, at_once) in [
        (500, None, true),
        (500, Some(json!("oops")), false),
        (503, None, false),
    ] {
        let app = quiet().await;
        let owner = app.with_company().await;
        fault(
            &app,
            "create_message",
            Fault::Status {
                code,
                body: body.clone(),
            },
            1,
        );
        alerted(&owner, "whatsapp").await;
        app.try_jobs().await;
        app.advance(Duration::from_secs(30)).await;
        app.try_jobs().await;
        let looked_up = app.sandbox.sandbox().calls("twilio", "list_messages");
        assert_eq!(looked_up, u64::from(at_once), "{code} {body:?}");
        run_out(&app).await;
        assert_eq!(app.messages_to(PHONE).await.len(), 1);
    }
}

#[tokio::test]
async fn every_try_of_an_e_mail_carries_the_same_key() {
    for second in [
        Fault::RateLimit { retry_after: 7 },
        Fault::Drop,
        Fault::Status {
            code: 500,
            body: None,
        },
    ] {
        let app = quiet().await;
        let owner = app.with_company().await;
        fault(&app, "send_email", Fault::TimeoutAfter { hold_ms: 0 }, 1);
        fault(&app, "send_email", second.clone(), 2);
        alerted(&owner, "email").await;
        run_out(&app).await;
        assert_eq!(app.sandbox.sandbox().calls("brevo", "send_email"), 4);
        assert_eq!(app.messages_to(&owner.email).await.len(), 1, "{second:?}");
        assert_eq!(effects(&app).await, ["sent"], "{second:?}");
    }
}

#[tokio::test]
async fn a_refused_repetition_of_an_e_mail_leaves_open_whether_the_first_one_went_out() {
    let app = quiet().await;
    let owner = app.with_company().await;
    fault(&app, "send_email", Fault::TimeoutAfter { hold_ms: 0 }, 1);
    fault(
        &app,
        "send_email",
        Fault::Status {
            code: 402,
            body: None,
        },
        1,
    );
    alerted(&owner, "email").await;
    run_out(&app).await;
    assert_eq!(only_message(&owner, "email").await["state"], "undetermined");
    let mail = app.messages_to(&owner.email).await[0].clone();
    let event = json!({
        "event": "delivered", "email": owner.email, "message-id": mail["id"], "X-Mailin-custom": mail["reference"],
    });
    tell_of_mail(&app, event).await.expect(204);
    assert_eq!(only_message(&owner, "email").await["state"], "delivered");
}

#[tokio::test]
async fn a_critical_alert_that_may_not_have_been_sent_is_told_by_e_mail_once() {
    let app = quiet().await;
    let owner = app.with_company().await;
    sqlx::query!("update alert_rules set channels = array['whatsapp']")
        .execute(&mut app.owner().await)
        .await
        .unwrap();
    fault(
        &app,
        "create_message",
        Fault::TimeoutAfter { hold_ms: 0 },
        1,
    );
    fault(
        &app,
        "list_messages",
        Fault::Status {
            code: 503,
            body: None,
        },
        999,
    );
    for i in 0..11 {
        let shelf = product(&owner, &format!("p{i}")).await;
        stock(&owner, shelf, 0).await;
    }
    owner
        .post("/alerts/evaluations", json!({}))
        .await
        .expect(202);
    run_out(&app).await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    assert_eq!(alerts(&owner, "open").await[0]["severity"], "critical");
    assert_eq!(
        only_message(&owner, "whatsapp").await["state"],
        "undetermined"
    );
    assert_eq!(only_message(&owner, "email").await["state"], "sent");
    assert_eq!(app.messages_to(&owner.email).await.len(), 1);
}

#[tokio::test]
async fn an_alert_that_could_not_be_sent_for_hours_is_not_sent_any_more() {
    let app = quiet().await;
    let owner = app.with_company().await;
    fault(
        &app,
        "create_message",
        Fault::RateLimit {
            retry_after: 7 * 3600,
        },
        1,
    );
    alerted(&owner, "whatsapp").await;
    app.try_jobs().await;
    app.advance(Duration::from_secs(7 * 3600 + 1)).await;
    app.run_jobs().await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    assert_eq!(only_message(&owner, "whatsapp").await["state"], "expired");
    assert_eq!(app.messages_to(PHONE).await.len(), 0);
    assert_eq!(alerts(&owner, "open").await.len(), 1);
}
