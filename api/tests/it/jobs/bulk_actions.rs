//! Cancelling and retrying many jobs in one call.

use std::collections::BTreeSet;
use std::time::Duration;

use platform::ids::{JobId, Uuid};
use platform::queue::TerminalState;
use platform::queue::failure::{self, FailureAction};
use platform::queue::{Claim, NewJob, Uniqueness};
use serde_json::{Value, json};

use super::{
    claim_all, end_all, enqueue, give_back, listed, ping, pings, reasons, scheduled_ping, set,
    state_of_status,
};
use crate::app::{Client, TestApp};

pub(super) fn keyed(client: &Client<'_>, key: &str) -> NewJob {
    let mut job = ping(client);
    job.unique = Uniqueness::WhileOpen(key.to_owned());
    job
}

pub(super) async fn many(client: &Client<'_>, act: &str, filter: Value) -> Value {
    client
        .post(&format!("/jobs/{act}"), json!({ "filter": filter }))
        .await
        .expect(200)
}

pub(super) fn counts(changed: i64, skipped: i64, more: bool) -> Value {
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
async fn cancelling_by_filter_cancels_waiting_jobs_and_signals_running_ones() {
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
    assert_eq!(state_of_status(&owner, scheduled).await, "cancelled");
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

    snooze_claim(&app, &claims[0]).await;
    assert_eq!(state_of_status(&owner, running[0]).await, "cancelled");
    assert_eq!(state_of_status(&stranger, theirs[0]).await, "queued");
    assert_eq!(
        state_of_status(
            &owner,
            evaluation["job"]["id"].as_str().unwrap().parse().unwrap()
        )
        .await,
        "queued"
    );
    let acts = audited(&owner, "jobs.cancel_many").await;
    assert_eq!(acts.len(), 2);
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

/// Reschedules a running job, which ends it if it was signalled to stop.
async fn snooze_claim(app: &TestApp, claim: &Claim) {
    let wait = FailureAction::Snooze {
        wait: Duration::ZERO,
        reason: "not yet".to_owned(),
    };
    failure::record_failure(&mut app.owner().await, claim, &wait)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_running_job_is_signalled_once() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let running = pings(&owner, 1).await;
    let claims = claim_all(&app, &running).await;
    for (changed, skipped) in [(1, 0), (0, 1)] {
        assert_eq!(
            many(&owner, "cancel", json!({"state": "running"})).await,
            counts(changed, skipped, false)
        );
    }
    let signals = reasons(&owner, running[0], "cancel_requested").await;
    assert_eq!(signals.len(), 1);
    snooze_claim(&app, &claims[0]).await;
    assert_eq!(state_of_status(&owner, running[0]).await, "cancelled");
}

#[tokio::test]
async fn retrying_by_filter_requeues_failed_jobs() {
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
        [format!("requested by {}", owner.user)]
    );
    let acts = audited(&owner, "jobs.retry_many").await;
    assert_eq!(
        acts[1],
        json!({"filter": {"kind": "ops.ping"}, "changed": 3, "skipped": 0, "more": false})
    );

    // Each is a later claim of the same job, with a higher fence.
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
    assert_eq!(state_of_status(&stranger, theirs[0]).await, "dead");
}

#[tokio::test]
async fn a_job_whose_key_is_held_is_skipped_and_the_others_are_retried() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let mut dead = Vec::new();
    for key in ["a", "a", "b"] {
        let id = enqueue(&owner, vec![keyed(&owner, key)]).await;
        end_all(&app, &id, TerminalState::Dead).await;
        dead.extend(id);
    }
    let holder = enqueue(&owner, vec![keyed(&owner, "b")]).await;
    // Of jobs with one key, the oldest gets it.
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
async fn one_call_changes_the_thousand_oldest_jobs() {
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
        assert_eq!(state_of_status(&owner, ids[0]).await, to);
        let acts = audited(&owner, &format!("jobs.{act}_many")).await;
        assert_eq!(
            acts[0],
            json!({"filter": filter, "changed": 1_000, "skipped": 0, "more": true})
        );
    }
    // A thousand older jobs whose keys are held do not block the others.
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
