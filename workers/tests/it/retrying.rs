//! Failed attempts: when the next attempt may start, and which attempts are spent.

use std::time::Duration;

use chrono::TimeDelta;
use platform::ids::CompanyId;
use platform::queue::JobError;
use workers::QueueBackend;

use crate::support::{Ping, Step, TestFleet, company_job};

over_both_backends!(
    each_failed_attempt_waits_longer_until_none_is_left,
    a_snooze_spends_no_attempt,
    a_retry_after_of_the_provider_is_kept,
    a_permanent_error_is_not_retried,
    a_job_for_later_starts_at_its_time,
);

async fn each_failed_attempt_waits_longer_until_none_is_left(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let mut watch = fleet.watch_rows().await;
    let worker = fleet.start_worker(1).await;
    let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
    for attempt in 1..=2 {
        let run = fleet.next_run().await;
        assert_eq!(
            (run.cx.attempt_number(), run.cx.is_last_attempt()),
            (attempt, false)
        );
        let now = run.cx.now();
        run.end(Err(JobError::retry("the provider is away")));
        let job = watch.until(id, "scheduled").await;
        let wait = job.run_at.unwrap() - now;
        assert!(wait >= TimeDelta::seconds(i64::from(attempt)), "{wait}");
        assert_eq!(job.attempt, attempt);
        fleet.advance_clock(Duration::from_secs(60)).await;
    }
    let run = fleet.next_run().await;
    assert!(run.cx.is_last_attempt());
    run.end(Err(JobError::retry("the provider is away")));
    let job = watch.until(id, "dead").await;
    assert_eq!(
        (job.attempt, job.error.as_deref()),
        (3, Some("the provider is away"))
    );
    worker.stop().await;
    let failed = fleet
        .load_timeline(id)
        .await
        .into_iter()
        .filter(|event| event == "attempt_failed")
        .count();
    assert_eq!(failed, 3);
}

async fn a_snooze_spends_no_attempt(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let mut watch = fleet.watch_rows().await;
    let worker = fleet.start_worker(1).await;
    let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
    for fence in 1..=5 {
        let run = fleet.next_run().await;
        assert_eq!((run.cx.attempt_number(), run.cx.fence()), (1, fence));
        run.end(Err(JobError::snooze(
            Duration::from_secs(600),
            "the report isn't ready\0",
        )));
        assert_eq!(watch.until(id, "scheduled").await.attempt, 0);
        fleet.advance_clock(Duration::from_secs(601)).await;
    }
    fleet.next_run().await.succeed();
    worker.stop().await;
    assert_eq!(fleet.load_job(id).await.attempt, 1);
    assert_eq!(
        fleet
            .load_timeline(id)
            .await
            .iter()
            .filter(|event| *event == "snoozed")
            .count(),
        5
    );
}

async fn a_retry_after_of_the_provider_is_kept(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let mut watch = fleet.watch_rows().await;
    let worker = fleet.start_worker(1).await;
    let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
    let run = fleet.next_run().await;
    let now = run.cx.now();
    run.end(Err(JobError::retry_after(
        Duration::from_secs(3_600),
        "429",
    )));
    let job = watch.until(id, "scheduled").await;
    assert!(job.run_at.unwrap() >= now + TimeDelta::seconds(3_600));
    fleet.advance_clock(Duration::from_secs(3_500)).await;
    let silent = fleet.register_silent_worker().await;
    assert!(
        fleet.claim_job(silent, id).await.is_none(),
        "claimed before its time"
    );
    fleet.advance_clock(Duration::from_secs(200)).await;
    let run = fleet.next_run().await;
    assert_eq!(run.cx.attempt_number(), 2);
    run.succeed();
    worker.stop().await;
}

async fn a_permanent_error_is_not_retried(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let mut watch = fleet.watch_rows().await;
    let worker = fleet.start_worker(1).await;
    let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
    fleet
        .next_run()
        .await
        .end(Err(JobError::fail("no such number")));
    let job = watch.until(id, "dead").await;
    assert_eq!(
        (job.attempt, job.error.as_deref()),
        (1, Some("no such number"))
    );
    worker.stop().await;
}

async fn a_job_for_later_starts_at_its_time(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let worker = fleet.start_worker(1).await;
    let company = CompanyId::new();
    let now = platform::db::load_now(&mut fleet.test.owner().await)
        .await
        .unwrap();
    let later = company_job(company, &Ping { n: 2 }).at(now + TimeDelta::hours(1));
    let later = fleet.enqueue_all(vec![later]).await[0];
    let at_once = fleet.enqueue(company, &Ping { n: 1 }).await;
    assert_eq!(fleet.next_run().await.cx.job_id(), at_once);
    assert_eq!(fleet.load_job(later).await.state.name(), "scheduled");
    fleet.advance_clock(Duration::from_secs(3_600)).await;
    assert_eq!(fleet.next_run().await.cx.job_id(), later);
    worker.stop().await;
}
