//! Enqueueing jobs, and the list of jobs.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::identity::Role;
use platform::ids::JobId;
use platform::queue::{Priority, TerminalState};
use serde_json::json;

use super::{
    claim_all, end_all, give_back, listed, pings, reasons, scheduled_ping, set, state_of_status,
};
use crate::app::TestApp;
use crate::filled_company::digest_rows;
use crate::shop::read_clock;

const ARGS_LIMIT: usize = 64 * 1024;

#[tokio::test]
async fn the_list_filters_by_each_state() {
    let app = TestApp::start().await;
    let (owner, stranger) = (app.with_company().await, app.with_company().await);
    let succeeded = pings(&owner, 2).await;
    app.run_jobs().await;
    let mut states = vec![("succeeded", succeeded)];
    for (name, end) in [
        ("dead", TerminalState::Dead),
        ("cancelled", TerminalState::Cancelled),
        ("parked", TerminalState::Parked),
    ] {
        let ids = pings(&owner, 2).await;
        end_all(&app, &ids, end).await;
        states.push((name, ids));
    }
    states.push(("scheduled", vec![scheduled_ping(&owner).await]));
    let running = pings(&owner, 1).await;
    claim_all(&app, &running).await;
    states.push(("running", running.clone()));
    states.push(("queued", pings(&owner, 2).await));
    for (state, ids) in &states {
        assert_eq!(
            listed(&owner, &format!("state={state}")).await,
            set(ids),
            "{state}"
        );
        assert_eq!(
            listed(&stranger, &format!("state={state}")).await,
            BTreeSet::new(),
            "{state}"
        );
        for id in ids {
            assert_eq!(state_of_status(&owner, *id).await, *state);
        }
    }
    let all = states.iter().flat_map(|(_, ids)| ids).copied().collect();
    assert_eq!(listed(&owner, "").await, all);
    owner
        .get("/jobs?state=waiting")
        .await
        .expect_problem(422, "invalid_input");
    give_back(&app).await;
    app.run_jobs().await;
}

#[tokio::test]
async fn the_list_filters_by_kind_and_by_time() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let early = pings(&owner, 2).await;
    app.advance(Duration::from_secs(600)).await;
    let since = read_clock(&app).await;
    let late = pings(&owner, 1).await;
    let evaluation = owner
        .post("/alerts/evaluations", json!({}))
        .await
        .expect(202);
    let evaluation: JobId = evaluation["job"]["id"].as_str().unwrap().parse().unwrap();
    let since = time(since);
    assert_eq!(
        listed(&owner, "kind=ops.ping").await,
        set(&[early.clone(), late.clone()].concat())
    );
    assert_eq!(
        listed(&owner, "kind=alerts.evaluate").await,
        set(&[evaluation])
    );
    assert_eq!(listed(&owner, "kind=ops").await, BTreeSet::new());
    assert_eq!(
        listed(&owner, &format!("since={since}")).await,
        set(&[late[0], evaluation])
    );
    assert_eq!(
        listed(&owner, &format!("since={since}&kind=ops.ping&state=queued")).await,
        set(&late)
    );
    assert_eq!(
        listed(&owner, &format!("since={since}&kind=ops.ping&state=dead")).await,
        BTreeSet::new()
    );
    app.run_jobs().await;
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[tokio::test]
async fn the_list_searches_request_ids_ids_and_unique_keys() {
    let app = TestApp::start().await;
    let (owner, stranger) = (app.with_company().await, app.with_company().await);
    let body = json!({"kind": "ops.ping", "unique_key": "order-7"});
    let traced = owner
        .send(
            "POST",
            "/jobs",
            Some(body.clone()),
            &[("X-Request-ID", "req-of-the-till")],
        )
        .await;
    let traced: JobId = traced.expect(202)["job"]["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let others = pings(&owner, 2).await;
    stranger.post("/jobs", body).await.expect(202);
    for (asked, found) in [
        ("req-of-the-till", vec![traced]),
        ("order-7", vec![traced]),
        (&traced.to_string(), vec![traced]),
        (&others[1].to_string(), vec![others[1]]),
        ("order", vec![]),
        ("req-of-the-til%25", vec![]),
        ("0190c6a2-0000-7000-8000-000000000000", vec![]),
    ] {
        assert_eq!(
            listed(&owner, &format!("q={asked}")).await,
            set(&found),
            "{asked}"
        );
    }
    assert_eq!(
        listed(&stranger, &format!("q={traced}")).await,
        BTreeSet::new()
    );
    assert_eq!(
        listed(&stranger, "q=req-of-the-till").await,
        BTreeSet::new()
    );
    assert_eq!(listed(&stranger, "q=order-7").await.len(), 1);
    app.run_jobs().await;
}

#[tokio::test]
async fn a_unique_key_returns_the_same_job_until_it_is_finished() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let ask = async |headers: &[(&str, &str)]| {
        let body = json!({"kind": "ops.ping", "unique_key": "order-7"});
        let answer = owner.send("POST", "/jobs", Some(body), headers).await;
        let location = answer.header("location").unwrap().to_owned();
        let id = answer.expect(202)["job"]["id"].as_str().unwrap().to_owned();
        assert_eq!(location, format!("/api/v1/jobs/{id}"));
        id
    };
    let first = ask(&[]).await;
    assert_eq!(ask(&[]).await, first);
    assert_eq!(ask(&[("Idempotency-Key", "k1")]).await, first);
    assert_eq!(listed(&owner, "").await.len(), 1);
    assert_eq!(
        reasons(&owner, first.parse().unwrap(), "deduplicated")
            .await
            .len(),
        1
    );
    app.run_jobs().await;
    assert_ne!(ask(&[]).await, first);
    assert_eq!(app.run_jobs().await.len(), 1);
    for (key, code) in [("", "out_of_range"), (&*"k".repeat(201), "out_of_range")] {
        let refused = owner
            .post("/jobs", json!({"kind": "ops.ping", "unique_key": key}))
            .await;
        let error = &refused.expect_problem(422, "invalid_input")["errors"][0];
        assert_eq!(
            (&error["field"], &error["code"]),
            (&json!("unique_key"), &json!(code))
        );
    }
    let refused = owner
        .post(
            "/jobs",
            json!({"kind": "alerts.evaluate", "unique_key": "mine"}),
        )
        .await;
    assert_eq!(
        refused.expect_problem(422, "invalid_input")["errors"][0]["code"],
        "not_allowed"
    );
}

#[tokio::test]
async fn a_priority_is_stored_and_an_unknown_one_rejected() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let mut asked = Vec::new();
    for (name, priority) in [
        ("low", Priority::Low),
        ("normal", Priority::Normal),
        ("high", Priority::High),
    ] {
        let job = owner
            .post("/jobs", json!({"kind": "ops.ping", "priority": name}))
            .await
            .expect(202);
        asked.push((job["job"]["id"].as_str().unwrap().to_owned(), priority));
    }
    let job = owner
        .post("/jobs", json!({"kind": "ops.ping"}))
        .await
        .expect(202);
    asked.push((
        job["job"]["id"].as_str().unwrap().to_owned(),
        Priority::Normal,
    ));
    let kept = sqlx::query!(
        r#"select id::text as "id!", priority as "priority: Priority" from jobs_open order by id"#
    )
    .fetch_all(&mut app.owner().await)
    .await
    .unwrap();
    assert_eq!(
        kept.into_iter()
            .map(|job| (job.id, job.priority))
            .collect::<Vec<_>>(),
        asked
    );
    for wrong in [json!("urgent"), json!(1), json!("High")] {
        let refused = owner
            .post("/jobs", json!({"kind": "ops.ping", "priority": wrong}))
            .await;
        assert_eq!(
            refused.expect_problem(422, "invalid_input")["errors"][0]["field"],
            "priority"
        );
    }
    app.run_jobs().await;
}

#[tokio::test]
async fn each_role_sees_the_kinds_that_it_may_enqueue() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let all = ["ops.ping", "alerts.evaluate", "rupture.compute_demand"];
    for (role, may) in [
        (Role::Viewer, 0),
        (Role::Member, 1),
        (Role::Manager, 3),
        (Role::Admin, 3),
    ] {
        let person = owner.with_user(role).await;
        let kinds = person.get("/jobs/kinds").await.expect(200);
        let shown: Vec<_> = kinds["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|kind| kind["kind"].clone())
            .collect();
        assert_eq!(shown, &all[..may], "{role:?}");
        for kind in &all[may..] {
            person
                .post("/jobs", json!({ "kind": kind }))
                .await
                .expect_problem(403, "forbidden");
        }
    }
    let kinds = owner.get("/jobs/kinds").await.expect(200);
    assert_eq!(kinds["items"][0]["queue"], "fast");
    assert!(
        kinds["items"][0]["max_attempts"].as_u64() > Some(0),
        "{kinds}"
    );
    assert!(
        kinds["items"][0]["timeout_seconds"].as_u64() > Some(0),
        "{kinds}"
    );
    owner
        .post("/jobs", json!({"kind": "billing.apply_event"}))
        .await
        .expect_problem(422, "invalid_input");
    assert_eq!(listed(&owner, "").await, BTreeSet::new());
}

#[tokio::test]
async fn args_over_64_kib_are_rejected_and_enqueue_nothing() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let of_bytes = |bytes: usize| json!({"note": "x".repeat(bytes - r#"{"note":""}"#.len())});
    let before = digest_rows(&owner).await;
    let body = json!({"kind": "ops.ping", "args": of_bytes(ARGS_LIMIT + 1)});
    for headers in [&[][..], &[("Idempotency-Key", "k1")]] {
        owner
            .send("POST", "/jobs", Some(body.clone()), headers)
            .await
            .expect_problem(413, "body_too_large");
    }
    assert_eq!(digest_rows(&owner).await, before);
    owner
        .post(
            "/jobs",
            json!({"kind": "ops.ping", "args": of_bytes(ARGS_LIMIT)}),
        )
        .await
        .expect(202);
    assert_eq!(app.run_jobs().await.len(), 1);
}

#[tokio::test]
async fn a_planned_job_keeps_its_time_unless_an_earlier_one_is_asked_for() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    app.run_jobs().await;
    let now = read_clock(&app).await;
    let at = |days: i64| time(now + chrono::TimeDelta::days(days));
    let ask = async |run_at: Option<String>| {
        let body = json!({"kind": "ops.ping", "unique_key": "report", "run_at": run_at});
        let job = owner.post("/jobs", body).await.expect(202)["job"].clone();
        let path = format!("/jobs/{}", job["id"].as_str().unwrap());
        let due_at = owner.get(&path).await.expect(200)["run_at"].clone();
        let due_at: DateTime<Utc> = due_at.as_str().unwrap().parse().unwrap();
        (job, time(due_at))
    };
    let (planned, due_at) = ask(Some(at(7))).await;
    assert_eq!((&planned["state"], due_at), (&json!("scheduled"), at(7)));
    for (run_at, expected) in [
        (None, 7),
        (Some(8), 7),
        (Some(3), 3),
        (None, 3),
        (Some(7), 3),
    ] {
        let (job, due_at) = ask(run_at.map(at)).await;
        assert_eq!((job, due_at), (planned.clone(), at(expected)), "{run_at:?}");
    }
    assert!(app.run_jobs().await.is_empty());
    let (job, _) = ask(Some(at(-1))).await;
    assert_eq!(
        (&job["id"], &job["state"]),
        (&planned["id"], &json!("queued"))
    );
    assert_eq!(app.run_jobs().await.len(), 1);
}
