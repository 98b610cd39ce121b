//! Stopping a worker process: no job is lost and no attempt is spent.

use std::time::Duration;

use platform::ids::CompanyId;
use workers::QueueBackend;

use crate::support::{Ping, Step, TestFleet, company_job};

over_both_backends!(
    running_jobs_end_before_their_worker_stops,
    after_the_grace_period_running_jobs_are_aborted_and_requeued_without_spending_an_attempt,
    jobs_claimed_while_the_worker_stops_are_requeued_before_its_running_job_ends,
    a_rolling_deploy_under_load_loses_and_doubles_nothing,
);

async fn running_jobs_end_before_their_worker_stops(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let worker = fleet.start_worker(2).await;
    let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
    let run = fleet.next_run().await;
    let stopping = platform::task::spawn_named("test", worker.stop());
    run.succeed();
    stopping.await.unwrap();
    let job = fleet.load_job(id).await;
    assert_eq!((job.state.name(), job.attempt), ("succeeded", 1));
}

async fn after_the_grace_period_running_jobs_are_aborted_and_requeued_without_spending_an_attempt(
    backend: QueueBackend,
) {
    let mut fleet = TestFleet::start_on(backend).await;
    let worker = fleet.start_worker_with_grace(2, Duration::ZERO).await;
    let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
    let run = fleet.next_run().await;
    worker.stop().await;
    run.wait_for_abort().await;
    let job = fleet.load_job(id).await;
    assert_eq!((job.state.name(), job.attempt), ("queued", 0));
    let next = fleet.start_worker(1).await;
    let run = fleet.next_run().await;
    assert_eq!(
        (run.cx.job_id(), run.cx.attempt_number(), run.cx.fence()),
        (id, 1, 2)
    );
    run.succeed();
    next.stop().await;
}

async fn jobs_claimed_while_the_worker_stops_are_requeued_before_its_running_job_ends(
    backend: QueueBackend,
) {
    let mut fleet = TestFleet::start_on(backend).await;
    let company = CompanyId::new();
    let mut watch = fleet.watch_rows().await;
    let mut enqueued = 0;
    for _ in 0..5 {
        let worker = fleet.start_worker(8).await;
        // The worker has started once it runs a job.
        let id = fleet.enqueue(company, &Step { n: 0 }).await;
        let mut run = fleet.next_run().await;
        while run.cx.job_id() != id {
            run = fleet.next_run().await;
        }
        let stopping = platform::task::spawn_named("test", worker.stop());
        fleet
            .enqueue_all((0..40).map(|n| company_job(company, &Ping { n })).collect())
            .await;
        watch
            .until_true(async |conn| {
                let running =
                    sqlx::query_scalar!("select count(*) from jobs_open where state = 'running'");
                running.fetch_one(conn).await.unwrap() == Some(1)
            })
            .await;
        run.succeed();
        stopping.await.unwrap();
        enqueued += 41;
        let running = sqlx::query_scalar!("select count(*) from jobs_open where state = 'running'")
            .fetch_one(&mut fleet.test.owner().await)
            .await
            .unwrap();
        assert_eq!(running, Some(0));
        fleet.runs_so_far();
    }
    let worker = fleet.start_worker(8).await;
    watch
        .until_true(async |conn| {
            let done = sqlx::query_scalar!(
                "select count(*) from jobs_finished where state = 'succeeded' and attempt = 1"
            )
            .fetch_one(conn)
            .await
            .unwrap();
            done == Some(enqueued)
        })
        .await;
    worker.stop().await;
}

async fn a_rolling_deploy_under_load_loses_and_doubles_nothing(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let company = CompanyId::new();
    let mut old = fleet.start_worker(4).await;
    let mut ran = std::collections::BTreeSet::new();
    for _ in 0..4 {
        fleet
            .enqueue_all(
                (0..200)
                    .map(|n| company_job(company, &Ping { n }))
                    .collect(),
            )
            .await;
        let next = fleet.start_worker(4).await;
        old.stop().await;
        old = next;
    }
    for _ in 0..800 {
        let run = fleet.next_run().await;
        assert!(ran.insert(run.cx.job_id()), "a job ran twice");
    }
    old.stop().await;
    assert!(fleet.runs_so_far().is_empty());
    let unexpected = sqlx::query_scalar!(
        "select count(*) from jobs_finished where attempt <> 1 or state <> 'succeeded'"
    )
    .fetch_one(&mut fleet.test.owner().await)
    .await
    .unwrap();
    assert_eq!(unexpected, Some(0));
}
