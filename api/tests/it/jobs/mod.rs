//! Jobs through the API, and helpers that enqueue, claim and finish jobs without it.

mod bulk_actions;
mod bulk_filters;
mod enqueueing;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use platform::db::Scope;
use platform::ids::{JobId, Uuid};
use platform::queue::failure::{self, FailureAction};
use platform::queue::success::Recorded;
use platform::queue::{Claim, NewJob, TerminalState, claim, liveness};
use serde_json::Value;

use crate::app::{Client, TestApp};
use crate::shop::read_clock;

pub(super) fn ping(client: &Client<'_>) -> NewJob {
    jobs::company_job(client.company(), &jobs::ops::Ping::default())
}

/// Enqueues without the API, in one statement.
pub(super) async fn enqueue(client: &Client<'_>, jobs: Vec<NewJob>) -> Vec<JobId> {
    let mut tx = client
        .app
        .db
        .db
        .begin(Scope::company(client.company()))
        .await
        .unwrap();
    let enqueued = tx.enqueue_all(jobs).await.unwrap();
    tx.commit().await.unwrap();
    enqueued.into_iter().map(|job| job.id()).collect()
}

pub(super) async fn pings(client: &Client<'_>, count: usize) -> Vec<JobId> {
    enqueue(
        client,
        std::iter::repeat_with(|| ping(client))
            .take(count)
            .collect(),
    )
    .await
}

pub(super) async fn scheduled_ping(client: &Client<'_>) -> JobId {
    let job = ping(client).at(read_clock(client.app).await + TimeDelta::hours(1));
    enqueue(client, vec![job]).await[0]
}

/// Claims the jobs as a worker does.
pub(super) async fn claim_all(app: &TestApp, ids: &[JobId]) -> Vec<Claim> {
    let engine = app.db.db.engine();
    let worker = liveness::register_worker(engine, "a worker of the test")
        .await
        .unwrap();
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let claims = claim::claim_jobs(engine, worker, &ids).await.unwrap();
    assert_eq!(claims.len(), ids.len());
    claims
}

/// Ends claimed jobs in a state.
pub(crate) async fn end_all(app: &TestApp, ids: &[JobId], state: TerminalState) {
    let failure = FailureAction::Finish {
        state,
        class: None,
        error: "as the test has it".to_owned(),
    };
    for claim in claim_all(app, ids).await {
        let ended = failure::record_failure(&mut app.owner().await, &claim, &failure)
            .await
            .unwrap();
        assert_eq!(ended, Recorded::Stored);
    }
}

/// The ids of a list, each once.
pub(super) async fn listed(client: &Client<'_>, query: &str) -> BTreeSet<JobId> {
    let list = client
        .get(&format!("/jobs?limit=500&{query}"))
        .await
        .expect(200);
    let items = list["items"].as_array().unwrap();
    let ids: BTreeSet<JobId> = items
        .iter()
        .map(|job| job["id"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(ids.len(), items.len(), "{list}");
    ids
}

pub(super) fn set(ids: &[JobId]) -> BTreeSet<JobId> {
    ids.iter().copied().collect()
}

pub(super) async fn state_of_status(client: &Client<'_>, id: JobId) -> Value {
    client.get(&format!("/jobs/{id}")).await.expect(200)["state"].clone()
}

/// The reasons of one event in a job's timeline.
pub(super) async fn reasons(client: &Client<'_>, id: JobId, event: &str) -> Vec<String> {
    let timeline = client
        .get(&format!("/jobs/{id}/timeline"))
        .await
        .expect(200);
    let entries = timeline["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["event"] == event);
    entries
        .map(|entry| entry["reason"].as_str().unwrap().to_owned())
        .collect()
}

/// Requeues claims as a stopping worker does.
pub(super) async fn give_back(app: &TestApp) {
    sqlx::query!(
        "update jobs_open set state = 'waiting', worker_id = null, cancel_requested = false
         where state = 'running'"
    )
    .execute(&mut app.owner().await)
    .await
    .unwrap();
}
