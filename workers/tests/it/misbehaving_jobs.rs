//! Jobs that cannot run, panic, hang or block: they end, and they delay no other job.

use std::time::Duration;

use platform::ids::CompanyId;
use platform::queue::Registry;
use workers::QueueBackend;

use crate::support::{
    Blocks, Hangs, Panics, Ping, Step, TestFleet, TestServices, Unknown, Upkeep, company_job,
    guarded, platform_job,
};

over_both_backends!(
    jobs_that_cannot_run_are_parked_and_block_no_other,
    a_job_that_panics_is_retried_and_then_dead,
    a_job_that_never_returns_is_aborted_at_its_timeout,
);

async fn jobs_that_cannot_run_are_parked_and_block_no_other(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let company = CompanyId::new();
    let mut newer = company_job(company, &Ping { n: 0 });
    newer.version = 2;
    let mut unreadable = company_job(company, &Ping { n: 0 });
    unreadable.args = r#"{"n": 1, "of\u0000old": 2}"#.to_owned();
    let mut with_company = platform_job(&Upkeep { n: 0 });
    with_company.company = Some(company);
    let mut without_company = company_job(company, &Ping { n: 0 });
    without_company.company = None;
    let jobs = vec![
        company_job(company, &Unknown { n: 0 }),
        newer,
        unreadable,
        with_company,
        without_company,
        company_job(company, &Ping { n: 1 }),
    ];
    let worker = fleet.start_worker(1).await;
    let mut watch = fleet.watch_rows().await;
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

async fn a_job_that_panics_is_retried_and_then_dead(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let mut watch = fleet.watch_rows().await;
    let worker = fleet.start_worker(1).await;
    let id = fleet.enqueue(CompanyId::new(), &Panics { n: 0 }).await;
    assert_eq!(fleet.next_run().await.cx.attempt_number(), 1);
    watch.until(id, "scheduled").await;
    fleet.advance_clock(Duration::from_secs(3_600)).await;
    assert_eq!(fleet.next_run().await.cx.attempt_number(), 2);
    let job = watch.until(id, "dead").await;
    assert_eq!(job.error.as_deref(), Some("panicked: of its own accord"));
    worker.stop().await;
    assert_eq!(list_failure_classes(&fleet, id).await, ["panic", "panic"]);
}

async fn a_job_that_never_returns_is_aborted_at_its_timeout(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let mut watch = fleet.watch_rows().await;
    let worker = fleet.start_worker(1).await;
    let id = fleet.enqueue(CompanyId::new(), &Hangs { n: 0 }).await;
    fleet.next_run().await.wait_for_abort().await;
    watch.until(id, "scheduled").await;
    fleet.advance_clock(Duration::from_secs(3_600)).await;
    fleet.next_run().await.wait_for_abort().await;
    watch.until(id, "dead").await;
    worker.stop().await;
    assert_eq!(
        list_failure_classes(&fleet, id).await,
        ["timeout", "timeout"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_job_that_blocks_its_thread_frees_its_slot_at_its_timeout() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let mut watch = fleet.watch_rows().await;
        let worker = fleet.start_worker(1).await;
        let company = CompanyId::new();
        let id = fleet.enqueue(company, &Blocks { n: 0 }).await;
        fleet.next_run().await;
        let behind = fleet.enqueue(company, &Ping { n: 0 }).await;
        watch.until(id, "dead").await;
        assert_eq!(fleet.next_run().await.cx.job_id(), behind);
        fleet.unblock.take();
        worker.stop().await;
        assert_eq!(list_failure_classes(&fleet, id).await, ["timeout"]);
        assert_eq!(fleet.load_job(id).await.state.name(), "dead");
    })
    .await;
}

#[test]
#[should_panic(expected = "two job types are named test.step")]
fn two_job_types_of_one_name_fail_the_start() {
    let _ = Registry::<TestServices>::new()
        .with::<Step>()
        .with::<Ping>()
        .with::<Step>();
}

async fn list_failure_classes(fleet: &TestFleet, id: platform::ids::JobId) -> Vec<String> {
    sqlx::query_scalar!(
        "select class from job_attempts where job_id = $1 order by fence",
        id.0
    )
    .fetch_all(&mut fleet.test.owner().await)
    .await
    .unwrap()
}
