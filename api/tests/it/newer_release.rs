//! Rows that a newer release wrote beside this one: every list shows them.

use serde_json::{Value, json};

use crate::app::{Client, TestApp};
use crate::message_fixtures::waiting_message;
use crate::shop::PHONE;

/// Adds words to the closed sets, as the migration of a newer release does, and uses them.
const NEWER_WORDS: &str = "
    do $$
    declare
      c record;
    begin
      for c in
        select conrelid::regclass as owner, conname from pg_constraint
        where contype = 'c' and conrelid in ('messages'::regclass, 'notifications'::regclass,
          'suppressions'::regclass, 'alerts'::regclass, 'alert_items'::regclass,
          'alert_events'::regclass, 'alert_rules'::regclass, 'job_events'::regclass)
      loop
        execute format('alter table %s drop constraint %I', c.owner, c.conname);
      end loop;
    end $$;
    update messages set channel = 'newer', template = 'newer', language = 'newer', state = 'newer',
      sent_as = 'newer';
    update notifications set cause = 'newer';
    update suppressions set channel = 'newer', reason = 'newer';
    update alerts set kind = 'newer', state = 'newer', severity = 'newer';
    update alert_items set urgency = 'newer';
    update alert_events set event = 'newer';
    update alert_rules set kind = 'newer', channels = array['newer'];
    update jobs_open set queue = 77;
    insert into job_events (company_id, job_id, at, event, reason)
    select company_id, id, engine_now(), 'newer', '' from jobs_open;
";

#[tokio::test]
async fn rows_of_a_newer_release_break_no_list() {
    let app = TestApp::start().await;
    let owner = waiting_message(&app).await;
    owner
        .post(
            "/suppressions",
            json!({"channel": "whatsapp", "recipient": PHONE}),
        )
        .await
        .expect(201);
    sqlx::raw_sql(NEWER_WORDS)
        .execute(&mut app.owner().await)
        .await
        .unwrap();

    let message = first_item(&owner, "/messages").await;
    for field in [
        "channel", "template", "language", "state", "sent_as", "cause",
    ] {
        assert_eq!(message[field], "newer", "{field}");
    }
    let suppression = first_item(&owner, "/suppressions").await;
    assert_eq!(suppression["reason"], "newer");
    let rule = first_item(&owner, "/alert-rules").await;
    assert_eq!(
        (&rule["kind"], &rule["channels"]),
        (&json!("newer"), &json!(["newer"]))
    );
    let alert = first_item(&owner, "/alerts").await;
    assert_eq!(
        (&alert["kind"], &alert["severity"]),
        (&json!("newer"), &json!("newer"))
    );
    let path = format!("/alerts/{}", alert["id"].as_str().unwrap());
    let shown = owner.get(&path).await.expect(200);
    assert_eq!(shown["items"][0]["urgency"], "newer");
    let event = first_item(&owner, &format!("{path}/timeline")).await;
    assert_eq!(event["event"], "newer");
    let job = first_item(&owner, "/jobs").await;
    assert_eq!(job["queue"], "77");
    let job = format!("/jobs/{}", job["id"].as_str().unwrap());
    let path = format!("{job}/timeline");
    let entries = owner.get(&path).await.expect(200)["items"].clone();
    let events: Vec<_> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["event"])
        .collect();
    assert_eq!(events, ["enqueued", "newer"]);
    // No worker of this release takes a job of that queue.
    owner
        .post(&format!("{job}/cancel"), json!({}))
        .await
        .expect(202);
}

async fn first_item(client: &Client<'_>, path: &str) -> Value {
    client.get(path).await.expect(200)["items"][0].clone()
}
