//! Every message has a job or an end, however its job ends.

use platform::ids::JobId;
use platform::queue::TerminalState;
use sandbox::Fault;
use serde_json::json;

use crate::app::TestApp;
use crate::jobs::end_all;
use crate::message_fixtures::{
    only_message, run_jobs_to_end, send_alert_into_fault, start_without_callbacks, waiting_message,
};
use crate::shop::PHONE;

async fn find_send_job(app: &TestApp) -> JobId {
    sqlx::query_scalar!(
        r#"select id as "id: JobId" from jobs_open where kind = 'notifications.send_message'"#
    )
    .fetch_one(&mut app.owner().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_cancelled_send_job_cancels_its_message_and_a_replay_sends_it() {
    for bulk in [false, true] {
        let app = start_without_callbacks().await;
        let owner = waiting_message(&app).await;
        let job = find_send_job(&app).await;
        if bulk {
            let filter = json!({"filter": {"kind": "notifications.send_message"}});
            owner.post("/jobs/cancel", filter).await.expect(200);
        } else {
            let path = format!("/jobs/{job}/cancel");
            owner.post(&path, json!({})).await.expect(202);
        }
        let message = only_message(&owner, "whatsapp").await;
        assert_eq!(
            (&message["state"], &message["error_code"]),
            (&json!("cancelled"), &json!("job_cancelled"))
        );
        assert!(message["ended_at"].is_string());
        app.run_jobs().await;
        assert_eq!(app.list_messages_to(PHONE).await.len(), 0);

        let path = format!("/jobs/{job}/retry");
        owner.post(&path, json!({})).await.expect(202);
        app.run_jobs().await;
        let message = only_message(&owner, "whatsapp").await;
        assert_eq!(
            (&message["state"], &message["error_code"]),
            (&json!("sent"), &json!(null))
        );
        assert_eq!(app.list_messages_to(PHONE).await.len(), 1);
    }
}

#[tokio::test]
async fn a_cancelled_message_can_be_retried() {
    let app = start_without_callbacks().await;
    let owner = waiting_message(&app).await;
    let job = find_send_job(&app).await;
    let path = format!("/jobs/{job}/cancel");
    owner.post(&path, json!({})).await.expect(202);
    let message = only_message(&owner, "whatsapp").await;
    let path = format!("/messages/{}/retry", message["id"].as_str().unwrap());
    owner.post(&path, json!({})).await.expect(202);
    app.run_jobs().await;
    assert_eq!(only_message(&owner, "whatsapp").await["state"], "sent");
    assert_eq!(app.list_messages_to(PHONE).await.len(), 1);
}

#[tokio::test]
async fn a_message_that_may_have_been_sent_is_undetermined_when_its_job_is_cancelled() {
    let app = start_without_callbacks().await;
    let owner = send_alert_into_fault(&app, "whatsapp", Fault::TimeoutAfter { hold_ms: 0 }).await;
    let job = find_send_job(&app).await;
    owner
        .post(&format!("/jobs/{job}/cancel"), json!({}))
        .await
        .expect(202);
    assert_eq!(
        only_message(&owner, "whatsapp").await["state"],
        "undetermined"
    );
    owner
        .post(&format!("/jobs/{job}/retry"), json!({}))
        .await
        .expect(202);
    run_jobs_to_end(&app).await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    assert_eq!(only_message(&owner, "whatsapp").await["state"], "sent");
    assert_eq!(
        app.list_messages_to(PHONE).await.len(),
        1,
        "found, and not sent again"
    );
}

#[tokio::test]
async fn the_message_of_a_dead_or_parked_job_has_failed() {
    for end in [TerminalState::Dead, TerminalState::Parked] {
        let app = start_without_callbacks().await;
        let owner = waiting_message(&app).await;
        let job = find_send_job(&app).await;
        end_all(&app, &[job], end).await;
        let message = only_message(&owner, "whatsapp").await;
        assert_eq!(
            (&message["state"], &message["error_code"]),
            (&json!("failed"), &json!("job_failed")),
            "{end:?}"
        );
        app.run_jobs().await;
    }
}
