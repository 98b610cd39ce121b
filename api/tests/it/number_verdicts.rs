//! What a failure says about a number, and what it doesn't.

use serde_json::json;

use crate::app::Client;
use crate::message_fixtures::{
    first_sid, only_effect, only_message, report_failure, report_status, send_alert, send_inbound,
    start_without_callbacks,
};

const FOREIGN_SID: &str = "SM00000000000000000000000000000000";

async fn list_reasons(owner: &Client<'_>) -> Vec<String> {
    let suppressions = owner.get("/suppressions").await.expect(200);
    let items = suppressions["items"].as_array().unwrap().iter();
    items
        .map(|item| item["reason"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_recipient_who_was_not_reached_is_not_suppressed() {
    for (status, code) in [
        ("undelivered", "30003"),
        ("undelivered", "30005"),
        ("undelivered", "30006"),
        ("undelivered", "63032"),
        ("failed", "63032"),
        ("undelivered", "30008"),
        ("failed", "99999"),
    ] {
        let app = start_without_callbacks().await;
        let owner = send_alert(&app, "whatsapp").await;
        let (sid, effect) = (first_sid(&app).await, only_effect(&app).await);
        report_failure(&owner, effect, &sid, (status, code))
            .await
            .expect(204);
        let message = only_message(&owner, "whatsapp").await;
        assert_eq!(
            (&message["state"], &message["error_code"]),
            (&json!(status), &json!(code))
        );
        assert_eq!(list_reasons(&owner).await, [""; 0], "{status} {code}");
    }
}

#[tokio::test]
async fn a_failure_that_contradicts_a_delivery_or_is_of_another_message_is_no_verdict() {
    let app = start_without_callbacks().await;
    let owner = send_alert(&app, "whatsapp").await;
    let (sid, effect) = (first_sid(&app).await, only_effect(&app).await);
    for code in ["63024", "21610"] {
        report_failure(&owner, effect, FOREIGN_SID, ("failed", code))
            .await
            .expect(204);
        assert_eq!(
            list_reasons(&owner).await,
            [""; 0],
            "a foreign id with {code}"
        );
    }
    report_status(&owner, effect, &sid, "delivered")
        .await
        .expect(204);
    // The code of a status that is no failure says nothing.
    for status in ["failed", "undelivered", "sent", "read"] {
        report_failure(&owner, effect, &sid, (status, "63024"))
            .await
            .expect(204);
        assert_eq!(list_reasons(&owner).await, [""; 0], "{status}");
    }
    assert_eq!(only_message(&owner, "whatsapp").await["state"], "read");
    // An opt-out counts whenever it comes.
    report_failure(&owner, effect, &sid, ("failed", "21610"))
        .await
        .expect(204);
    assert_eq!(list_reasons(&owner).await, ["stop"]);
}

#[tokio::test]
async fn a_message_from_a_number_proves_that_it_exists() {
    for (body, left) in [
        ("Bonjour", vec![]),
        ("START", vec![]),
        ("STOP", vec!["stop"]),
    ] {
        let app = start_without_callbacks().await;
        let owner = send_alert(&app, "whatsapp").await;
        let (sid, effect) = (first_sid(&app).await, only_effect(&app).await);
        report_failure(&owner, effect, &sid, ("undelivered", "63024"))
            .await
            .expect(204);
        assert_eq!(list_reasons(&owner).await, ["invalid"]);
        send_inbound(&app, "SM1", body).await.expect(204);
        assert_eq!(list_reasons(&owner).await, left, "{body}");
    }
}
