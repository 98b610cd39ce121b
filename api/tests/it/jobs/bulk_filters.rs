//! The filters of bulk actions, their repetition, and concurrent calls.

use std::time::Duration;

use domain::identity::Role;
use platform::queue::TerminalState;
use serde_json::{Value, json};

use super::bulk_actions::{counts, keyed, many};
use super::{end_all, enqueue, listed, pings, scheduled_ping, set};
use crate::app::{TestApp, TestResponse};
use crate::filled_company::digest_rows;
use crate::shop::read_clock;

#[tokio::test]
async fn the_times_of_a_filter_are_times_of_enqueueing() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push((read_clock(&app).await, scheduled_ping(&owner).await));
        app.advance(Duration::from_secs(60)).await;
    }
    let filter = json!({"since": jobs[1].0, "until": jobs[2].0});
    for (act, state) in [("cancel", "cancelled"), ("retry", "queued")] {
        assert_eq!(many(&owner, act, filter.clone()).await, counts(1, 0, false));
        assert_eq!(
            listed(&owner, &format!("state={state}")).await,
            set(&[jobs[1].1])
        );
    }
    assert_eq!(
        many(&owner, "cancel", json!({"until": jobs[0].0})).await,
        counts(0, 0, false)
    );
    assert_eq!(
        many(&owner, "cancel", json!({"since": jobs[2].0})).await,
        counts(1, 0, false)
    );
    app.run_jobs().await;
}

#[tokio::test]
async fn a_repeated_key_changes_nothing_more_and_gets_the_same_response() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let ask = async |act: &str, filter: Value| -> TestResponse {
        let body = Some(json!({ "filter": filter }));
        owner
            .send(
                "POST",
                &format!("/jobs/{act}"),
                body,
                &[("Idempotency-Key", "k1")],
            )
            .await
    };
    let filter = json!({"kind": "ops.ping"});
    pings(&owner, 2).await;
    let further = pings(&owner, 1).await;
    end_all(&app, &further, TerminalState::Dead).await;
    let tries = [
        ("cancel", counts(2, 0, false)),
        ("retry", counts(3, 0, false)),
    ];
    for (act, told) in &tries {
        let first = ask(act, filter.clone()).await;
        assert_eq!(
            (
                first.header("idempotent-replayed"),
                first.header("location")
            ),
            (None, None)
        );
        assert_eq!(first.expect(200), *told, "{act}");
    }
    // By now the filter finds three to cancel, and one to retry.
    let further = pings(&owner, 1).await;
    end_all(&app, &further, TerminalState::Dead).await;
    let before = digest_rows(&owner).await;
    for (act, told) in &tries {
        let again = ask(act, filter.clone()).await;
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.expect(200), *told, "{act}");
        ask(act, json!({"since": "2026-01-01T00:00:00Z"}))
            .await
            .expect_problem(422, "idempotency_key_reused");
    }
    assert_eq!(digest_rows(&owner).await, before);
    app.run_jobs().await;
}

/// Invalid bodies, each with the field and the code of its error.
fn invalid_filters(act: &str) -> Vec<(Value, &'static str, &'static str)> {
    let (open, over) = (
        json!({"filter": {"state": "queued"}}),
        json!({"filter": {"state": "dead"}}),
    );
    let of_the_other = if act == "cancel" { over } else { open };
    vec![
        (json!({}), "filter", "required"),
        (json!({"filter": {}}), "filter", "required"),
        (
            json!({"filter": {"state": null, "kind": null}}),
            "filter",
            "required",
        ),
        (json!({"filter": {"q": "x"}}), "filter.q", "unknown_field"),
        (
            json!({"filter": {"kind": "ops.ping"}, "limit": 5}),
            "limit",
            "unknown_field",
        ),
        (of_the_other, "filter.state", "invalid_value"),
        (
            json!({"filter": {"state": "succeeded"}}),
            "filter.state",
            "invalid_value",
        ),
        (
            json!({"filter": {"state": "waiting"}}),
            "filter.state",
            "invalid_value",
        ),
        (
            json!({"filter": {"since": "yesterday"}}),
            "filter.since",
            "invalid_value",
        ),
    ]
}

#[tokio::test]
async fn an_empty_or_invalid_filter_is_rejected() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    pings(&owner, 1).await;
    let before = digest_rows(&owner).await;
    for act in ["cancel", "retry"] {
        let path = format!("/jobs/{act}");
        for (body, field, code) in invalid_filters(act) {
            let error = &owner
                .post(&path, body.clone())
                .await
                .expect_problem(422, "invalid_input")["errors"][0];
            assert_eq!(
                (&error["field"], &error["code"]),
                (&json!(field), &json!(code)),
                "{path} {body}"
            );
        }
        let member = owner.with_user(Role::Member).await;
        let all = json!({"filter": {"kind": "ops.ping"}});
        member
            .post(&path, all)
            .await
            .expect_problem(403, "forbidden");
    }
    let after = digest_rows(&owner).await;
    let people = ["users", "memberships", "audit_log"];
    let but_people = |digest: &[(String, String)]| -> Vec<_> {
        digest
            .iter()
            .filter(|(table, _)| !people.contains(&table.as_str()))
            .cloned()
            .collect()
    };
    assert_eq!(but_people(&after), but_people(&before));
    app.run_jobs().await;
}

#[tokio::test]
async fn a_locked_row_is_left_for_the_next_call() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let ids = pings(&owner, 3).await;
    for (act, left) in [("cancel", "queued"), ("retry", "cancelled")] {
        let mut holder = app.owner().await;
        sqlx::raw_sql("begin").execute(&mut holder).await.unwrap();
        sqlx::query!(
            "with open as (select id from jobs_open where id = $1 for update),
                  over as (select id from jobs_finished where id = $1 for update)
             select id from open union all select id from over",
            ids[0].0,
        )
        .fetch_all(&mut holder)
        .await
        .unwrap();
        assert_eq!(
            many(&owner, act, json!({"kind": "ops.ping"})).await,
            counts(2, 0, true)
        );
        assert_eq!(
            listed(&owner, &format!("state={left}")).await,
            set(&ids[..1])
        );
        sqlx::raw_sql("rollback")
            .execute(&mut holder)
            .await
            .unwrap();
        assert_eq!(
            many(&owner, act, json!({"kind": "ops.ping"})).await,
            counts(1, 0, false)
        );
    }
    app.run_jobs().await;
}

#[tokio::test]
async fn two_concurrent_calls_share_the_work() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    // The keys are in reverse order of the ids.
    let jobs = (0..200)
        .rev()
        .map(|n| keyed(&owner, &format!("{n:03}")))
        .collect();
    enqueue(&owner, jobs).await;
    for act in ["cancel", "retry", "cancel"] {
        let filter = || json!({"kind": "ops.ping"});
        let (one, other) = tokio::join!(many(&owner, act, filter()), many(&owner, act, filter()));
        let changed = one["changed"].as_i64().unwrap() + other["changed"].as_i64().unwrap();
        assert_eq!(changed, 200, "{one} {other}");
    }
    let events = sqlx::query_scalar!("select count(*) from job_events where event = 'cancelled'")
        .fetch_one(&mut app.owner().await)
        .await
        .unwrap();
    assert_eq!(events, Some(400));
}
