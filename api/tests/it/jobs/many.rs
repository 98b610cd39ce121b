//! Stopping many jobs in one call, and running them again.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::identity::Role;
use platform::ids::{JobId, Uuid};
use platform::queue::failure::{self, FailureAction};
use platform::queue::{NewJob, TerminalState, Uniqueness};
use serde_json::{Value, json};

use super::{
    claim_all, end_all, enqueue, give_back, listed, ping, pings, reasons, scheduled_ping, set,
    state_of,
};
use crate::app::{Answer, Client, TestApp};
use crate::filled::digest_of;
use crate::shop::now;

fn keyed(client: &Client<'_>, key: &str) -> NewJob {
    let mut job = ping(client);
    job.unique = Uniqueness::WhileOpen(key.to_owned());
    job
}

async fn many(client: &Client<'_>, act: &str, filter: Value) -> Value {
    client
        .post(&format!("/jobs/{act}"), json!({ "filter": filter }))
        .await
        .expect(200)
}

fn counts(changed: i64, skipped: i64, more: bool) -> Value {
    json!({"changed": changed, "skipped": skipped, "more": more})
}

async fn audited(client: &Client<'_>, action: &str) -> Vec<Value> {
    sqlx::query_scalar!(
        "select details from audit_log where company_id = $1 and action = $2 order by at, id",
        client.company().0,
        action,
    )
    .fetch_all(&mut client.app.owner().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn cancelling_by_filter_stops_what_waits_and_asks_what_runs() {
    let app = TestApp::start().await;
    let (owner, stranger) = (app.with_company().await, app.with_company().await);
    let theirs = pings(&stranger, 1).await;
    let (queued, running) = (pings(&owner, 2).await, pings(&owner, 1).await);
    let claims = claim_all(&app, &running).await;
    let scheduled = scheduled_ping(&owner).await;
    let evaluation = owner
        .post("/alerts/evaluations", json!({}))
        .await
        .expect(202);

    assert_eq!(
        many(&owner, "cancel", json!({"state": "scheduled"})).await,
        counts(1, 0, false)
    );
    assert_eq!(state_of(&owner, scheduled).await, "cancelled");
    assert_eq!(listed(&owner, "state=queued").await.len(), 3);

    assert_eq!(
        many(&owner, "cancel", json!({"kind": "ops.ping"})).await,
        counts(3, 0, false)
    );
    assert_eq!(
        listed(&owner, "state=cancelled&kind=ops.ping").await,
        set(&[queued[0], queued[1], scheduled])
    );
    let reason = format!("cancelled by {}", owner.user);
    assert_eq!(
        reasons(&owner, running[0], "cancel_requested").await,
        [&*reason]
    );
    // Its end and its event.
    assert_eq!(
        reasons(&owner, queued[0], "cancelled").await,
        [&*reason, &*reason]
    );
    let cancelled = owner.get(&format!("/jobs/{}", queued[0])).await.expect(200);
    assert_eq!(cancelled["error"], reason);

    // Asked once is enough; what was asked ends at the next occasion.
    assert_eq!(
        many(&owner, "cancel", json!({"state": "running"})).await,
        counts(0, 1, false)
    );
    assert_eq!(
        reasons(&owner, running[0], "cancel_requested").await.len(),
        1
    );
    let wait = FailureAction::Snooze {
        wait: Duration::ZERO,
        reason: "not yet".to_owned(),
    };
    failure::record_failure(&mut app.owner().await, &claims[0], &wait)
        .await
        .unwrap();
    assert_eq!(state_of(&owner, running[0]).await, "cancelled");

    assert_eq!(state_of(&stranger, theirs[0]).await, "queued");
    assert_eq!(
        state_of(
            &owner,
            evaluation["job"]["id"].as_str().unwrap().parse().unwrap()
        )
        .await,
        "queued"
    );
    let acts = audited(&owner, "jobs.cancel_many").await;
    assert_eq!(acts.len(), 3);
    assert_eq!(
        acts[1],
        json!({"filter": {"kind": "ops.ping"}, "changed": 3, "skipped": 0, "more": false})
    );
    assert_eq!(
        audited(&stranger, "jobs.cancel_many").await,
        [Value::Null; 0]
    );
    app.run_jobs().await;
}

#[tokio::test]
async fn retrying_by_filter_makes_what_ended_badly_wait_again() {
    let app = TestApp::start().await;
    let (owner, stranger) = (app.with_company().await, app.with_company().await);
    let succeeded = pings(&owner, 1).await;
    app.run_jobs().await;
    let theirs = pings(&stranger, 1).await;
    end_all(&app, &theirs, TerminalState::Dead).await;
    let (dead, parked, cancelled) = (
        pings(&owner, 2).await,
        pings(&owner, 1).await,
        pings(&owner, 1).await,
    );
    end_all(&app, &dead, TerminalState::Dead).await;
    end_all(&app, &parked, TerminalState::Parked).await;
    end_all(&app, &cancelled, TerminalState::Cancelled).await;

    assert_eq!(
        many(&owner, "retry", json!({"state": "parked"})).await,
        counts(1, 0, false)
    );
    assert_eq!(listed(&owner, "state=queued").await, set(&parked));
    assert_eq!(
        many(&owner, "retry", json!({"kind": "ops.ping"})).await,
        counts(3, 0, false)
    );
    assert_eq!(
        many(&owner, "retry", json!({"kind": "ops.ping"})).await,
        counts(0, 0, false)
    );
    let again = [dead.clone(), parked.clone(), cancelled.clone()].concat();
    assert_eq!(listed(&owner, "state=queued").await, set(&again));
    let job = owner.get(&format!("/jobs/{}", dead[0])).await.expect(200);
    assert_eq!(
        (&job["attempt"], &job["error"], &job["finished_at"]),
        (&json!(0), &Value::Null, &Value::Null)
    );
    assert_eq!(
        reasons(&owner, dead[0], "replayed").await,
        [format!("asked by {}", owner.user)]
    );
    let acts = audited(&owner, "jobs.retry_many").await;
    assert_eq!(
        acts[1],
        json!({"filter": {"kind": "ops.ping"}, "changed": 3, "skipped": 0, "more": false})
    );

    // Each is another claim of the same job, with a fence beyond the first one's.
    assert!(
        claim_all(&app, &again)
            .await
            .iter()
            .all(|claim| (claim.fence, claim.attempt) == (2, 1))
    );
    give_back(&app).await;
    app.run_jobs().await;
    assert_eq!(
        listed(&owner, "state=succeeded").await,
        set(&[again, succeeded].concat())
    );
    assert_eq!(state_of(&stranger, theirs[0]).await, "dead");
}

#[tokio::test]
async fn a_job_whose_key_is_held_is_skipped_and_hides_no_other() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let mut dead = Vec::new();
    for key in ["a", "a", "b"] {
        let id = enqueue(&owner, vec![keyed(&owner, key)]).await;
        end_all(&app, &id, TerminalState::Dead).await;
        dead.extend(id);
    }
    let holder = enqueue(&owner, vec![keyed(&owner, "b")]).await;
    // The oldest of those with one key gets it.
    assert_eq!(
        many(&owner, "retry", json!({"state": "dead"})).await,
        counts(1, 2, false)
    );
    assert_eq!(
        listed(&owner, "state=queued").await,
        set(&[dead[0], holder[0]])
    );
    assert_eq!(
        many(&owner, "retry", json!({"state": "dead"})).await,
        counts(0, 2, false)
    );
    app.run_jobs().await;
    assert_eq!(
        many(&owner, "retry", json!({"state": "dead"})).await,
        counts(2, 0, false)
    );
    app.run_jobs().await;
    assert_eq!(listed(&owner, "state=succeeded").await.len(), 4);
}

#[tokio::test]
async fn one_call_changes_a_thousand_the_oldest_first() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let mut ids = pings(&owner, 1_200).await;
    ids.sort();
    for (act, from, to) in [
        ("cancel", "queued", "cancelled"),
        ("retry", "cancelled", "queued"),
    ] {
        let filter = json!({ "state": from });
        assert_eq!(
            many(&owner, act, filter.clone()).await,
            counts(1_000, 0, true)
        );
        assert_eq!(
            listed(&owner, &format!("state={from}")).await,
            set(&ids[1_000..])
        );
        assert_eq!(
            many(&owner, act, filter.clone()).await,
            counts(200, 0, false)
        );
        assert_eq!(
            listed(&owner, &format!("state={from}")).await,
            BTreeSet::new()
        );
        assert_eq!(state_of(&owner, ids[0]).await, to);
        let acts = audited(&owner, &format!("jobs.{act}_many")).await;
        assert_eq!(
            acts[0],
            json!({"filter": filter, "changed": 1_000, "skipped": 0, "more": true})
        );
    }
    // A thousand with a key that is held, before them all, are in nobody's way.
    assert_eq!(
        many(&owner, "cancel", json!({"kind": "ops.ping"})).await,
        counts(1_000, 0, true)
    );
    assert_eq!(
        many(&owner, "cancel", json!({"kind": "ops.ping"})).await,
        counts(200, 0, false)
    );
    sqlx::query!(
        "update job_bodies set unique_key = 'one' where id = any($1)",
        &as_uuids(&ids[..1_100])
    )
    .execute(&mut app.owner().await)
    .await
    .unwrap();
    assert_eq!(
        many(&owner, "retry", json!({"state": "cancelled"})).await,
        counts(1, 999, true)
    );
    assert_eq!(
        many(&owner, "retry", json!({"state": "cancelled"})).await,
        counts(100, 1_099, false)
    );
    app.run_jobs().await;
}

fn as_uuids(ids: &[JobId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.0).collect()
}

#[tokio::test]
async fn the_times_of_a_filter_are_those_of_enqueueing() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push((now(&app).await, scheduled_ping(&owner).await));
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
async fn a_repeated_key_changes_nothing_more_and_answers_the_same() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let ask = async |act: &str, filter: Value| -> Answer {
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
    let before = digest_of(&owner).await;
    for (act, told) in &tries {
        let again = ask(act, filter.clone()).await;
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.expect(200), *told, "{act}");
        ask(act, json!({"since": "2026-01-01T00:00:00Z"}))
            .await
            .expect_problem(422, "idempotency_key_reused");
    }
    assert_eq!(digest_of(&owner).await, before);
    app.run_jobs().await;
}

#[tokio::test]
async fn a_filter_that_says_nothing_or_something_else_is_refused() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    pings(&owner, 1).await;
    let before = digest_of(&owner).await;
    for act in ["cancel", "retry"] {
        let path = format!("/jobs/{act}");
        let (open, over) = (
            json!({"filter": {"state": "queued"}}),
            json!({"filter": {"state": "dead"}}),
        );
        let of_the_other = if act == "cancel" { over } else { open };
        for (body, field, code) in [
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
        ] {
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
    let after = digest_of(&owner).await;
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
async fn a_row_that_somebody_holds_is_left_for_the_next_call() {
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
async fn two_calls_at_once_share_the_work() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    // Keys in the other order than ids.
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
