//! Text from outside is cleaned before it is stored.

use sandbox::Fault;
use serde_json::json;

use crate::message_fixtures::{
    add_fault, cause_alert, only_message, run_jobs_to_end, send_inbound, start_without_callbacks,
};

#[tokio::test]
async fn a_providers_error_is_stored_without_control_characters() {
    for (channel, operation, body) in [
        (
            "whatsapp",
            "create_message",
            json!({"code": 21617, "message": "too\u{0} long\u{7}"}),
        ),
        (
            "email",
            "send_email",
            json!({"code": "invalid\u{0}_parameter", "message": "bad\u{0} request"}),
        ),
        ("email", "send_email", json!("plain\u{0} text")),
    ] {
        let app = start_without_callbacks().await;
        let owner = app.with_company().await;
        let body = Some(body);
        add_fault(&app, operation, Fault::Status { code: 400, body }, 1);
        cause_alert(&owner, channel).await;
        app.run_jobs().await;
        let message = only_message(&owner, channel).await;
        assert_eq!(message["state"], "failed");
        let error = message["error"].as_str().unwrap();
        assert!(!error.contains(|c: char| c.is_control()), "{error:?}");
        let calls = app.sandbox.sandbox();
        let provider = if channel == "email" {
            sandbox::Provider::Brevo
        } else {
            sandbox::Provider::Twilio
        };
        assert_eq!(calls.count_calls(provider, operation), 1);
    }
}

#[tokio::test]
async fn a_passing_error_with_control_characters_only_delays_the_message() {
    let app = start_without_callbacks().await;
    let owner = app.with_company().await;
    let body = Some(json!({"code": 20429, "message": "slow\u{0} down"}));
    add_fault(&app, "create_message", Fault::Status { code: 429, body }, 2);
    cause_alert(&owner, "whatsapp").await;
    run_jobs_to_end(&app).await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    assert_eq!(only_message(&owner, "whatsapp").await["state"], "sent");
    send_inbound(&app, "SM\u{0}1", "STOP\u{0}")
        .await
        .expect(204);
    let suppressions = owner.get("/suppressions").await.expect(200);
    assert_eq!(suppressions["items"][0]["reason"], "stop");
}
