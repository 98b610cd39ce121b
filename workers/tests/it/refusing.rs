//! Jobs that can't be run and bodies that misbehave: they end by themselves and hold up nobody.

use std::time::Duration;

use platform::ids::CompanyId;
use platform::queue::Registry;
use workers::QueueBackend;

use crate::support::{
    Blocks, Hangs, Panics, Ping, Platform, Services, Step, Unknown, World, company_job, guarded,
    platform_job,
};

over_both_backends!(
    what_cannot_be_run_is_parked_and_stops_nobody,
    a_body_that_panics_is_tried_again_and_then_dead,
    a_body_that_never_returns_is_taken_down_at_its_time,
);

async fn what_cannot_be_run_is_parked_and_stops_nobody(backend: QueueBackend) {
    let mut fleet = Services::over(backend).await;
    let company = CompanyId::new();
    let mut newer = company_job(company, &Ping { n: 0 });
    newer.version = 2;
    let mut unreadable = company_job(company, &Ping { n: 0 });
    unreadable.args = r#"{"n": 1, "of\u0000old": 2}"#.to_owned();
    let jobs = vec![
        company_job(company, &Unknown { n: 0 }),
        newer,
        unreadable,
        company_job(company, &Platform { n: 0 }),
        platform_job(&Ping { n: 0 }),
        company_job(company, &Ping { n: 1 }),
    ];
    let worker = fleet.worker(1).await;
    let mut watch = fleet.watch().await;
    let ids = fleet.enqueue_all(jobs).await;
    let (good, bad) = ids.split_last().unwrap();
    let reasons = [
        "unknown kind",
        "version 2 is newer",
        "unknown field",
        "Platform job",
        "Company job",
    ];
    for (id, reason) in bad.iter().zip(reasons) {
        let job = watch.until(*id, "parked").await;
        let error = job.error.unwrap_or_default();
        assert!(error.contains(reason), "{error}");
    }
    assert_eq!(fleet.next_run().await.cx.job_id(), *good);
    worker.stop().await;
    assert!(fleet.runs_so_far().is_empty());
}

async fn a_body_that_panics_is_tried_again_and_then_dead(backend: QueueBackend) {
    let mut fleet = Services::over(backend).await;
    let mut watch = fleet.watch().await;
    let worker = fleet.worker(1).await;
    let id = fleet.enqueue(CompanyId::new(), &Panics { n: 0 }).await;
    assert_eq!(fleet.next_run().await.cx.attempt(), 1);
    watch.until(id, "scheduled").await;
    fleet.advance(Duration::from_secs(3_600)).await;
    assert_eq!(fleet.next_run().await.cx.attempt(), 2);
    let job = watch.until(id, "dead").await;
    assert_eq!(job.error.as_deref(), Some("panicked: of its own accord"));
    worker.stop().await;
    assert_eq!(classes(&fleet, id).await, ["panic", "panic"]);
}

async fn a_body_that_never_returns_is_taken_down_at_its_time(backend: QueueBackend) {
    let mut fleet = Services::over(backend).await;
    let mut watch = fleet.watch().await;
    let worker = fleet.worker(1).await;
    let id = fleet.enqueue(CompanyId::new(), &Hangs { n: 0 }).await;
    fleet.next_run().await.taken_down().await;
    watch.until(id, "scheduled").await;
    fleet.advance(Duration::from_secs(3_600)).await;
    fleet.next_run().await.taken_down().await;
    watch.until(id, "dead").await;
    worker.stop().await;
    assert_eq!(classes(&fleet, id).await, ["timeout", "timeout"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_body_that_blocks_its_thread_holds_its_slot_no_longer_than_its_time() {
    guarded(async {
        let mut fleet = Services::new().await;
        let mut watch = fleet.watch().await;
        let worker = fleet.worker(1).await;
        let company = CompanyId::new();
        let id = fleet.enqueue(company, &Blocks { n: 0 }).await;
        fleet.next_run().await;
        let behind = fleet.enqueue(company, &Ping { n: 0 }).await;
        watch.until(id, "dead").await;
        assert_eq!(fleet.next_run().await.cx.job_id(), behind);
        fleet.unblock.take();
        worker.stop().await;
        assert_eq!(classes(&fleet, id).await, ["timeout"]);
        assert_eq!(fleet.job(id).await.state.name(), "dead");
    })
    .await;
}

#[test]
#[should_panic(expected = "two job types are named test.step")]
fn a_name_that_is_taken_stops_the_start() {
    let _ = Registry::<World>::new()
        .with::<Step>()
        .with::<Ping>()
        .with::<Step>();
}

async fn classes(fleet: &Services, id: platform::ids::JobId) -> Vec<String> {
    sqlx::query_scalar!(
        "select class from job_attempts where job_id = $1 order by fence",
        id.0
    )
    .fetch_all(&mut fleet.test.owner().await)
    .await
    .unwrap()
}
