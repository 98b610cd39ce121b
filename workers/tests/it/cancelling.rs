//! Cancelling jobs.

use platform::db::Scope;
use platform::ids::{CompanyId, JobId};
use platform::queue::JobError;
use platform::queue::control::{self, Cancelled};

use crate::support::{Ping, Step, TestFleet, guarded};

async fn cancel_job(fleet: &TestFleet, company: CompanyId, id: JobId) -> Cancelled {
    let mut tx = fleet.test.db.begin(Scope::company(company)).await.unwrap();
    let cancelled = control::cancel_job(&mut tx, id, "not needed")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    cancelled
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_cancelled_while_it_waits_never_starts() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let company = CompanyId::new();
        let id = fleet.enqueue(company, &Ping { n: 0 }).await;
        assert_eq!(cancel_job(&fleet, company, id).await, Cancelled::Stopped);
        assert_eq!(
            cancel_job(&fleet, company, id).await,
            Cancelled::AlreadyFinished
        );
        let mut changes = fleet.watch_redis().await;
        let worker = fleet.start_worker(1).await;
        fleet.redis.deliver_id(id).await;
        changes.until_empty().await;
        let other = fleet.enqueue(company, &Ping { n: 1 }).await;
        assert_eq!(fleet.next_run().await.cx.job_id(), other);
        worker.stop().await;
        assert!(fleet.runs_so_far().is_empty());
        let job = fleet.load_job(id).await;
        assert_eq!(
            (job.state.name(), job.error.as_deref()),
            ("cancelled", Some("not needed"))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_a_running_job_cancels_its_token_and_ends_it_cancelled() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let company = CompanyId::new();
        let worker = fleet.start_worker(1).await;
        let id = fleet.enqueue(company, &Step { n: 0 }).await;
        let run = fleet.next_run().await;
        assert!(!run.cx.is_cancelled());
        assert_eq!(cancel_job(&fleet, company, id).await, Cancelled::Requested);
        run.cx.cancelled().await;
        run.end(Err(JobError::Cancelled));
        worker.stop().await;
        assert_eq!(fleet.load_job(id).await.state.name(), "cancelled");
        assert_eq!(
            fleet
                .load_timeline(id)
                .await
                .iter()
                .filter(|event| *event == "cancel_requested")
                .count(),
            1
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_after_the_cancellation_is_rolled_back() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let company = CompanyId::new();
        let worker = fleet.start_worker(1).await;
        let id = fleet.enqueue(company, &Step { n: 0 }).await;
        let run = fleet.next_run().await;
        cancel_job(&fleet, company, id).await;
        let stopped = run
            .cx
            .record_progress(&platform::queue::Progress::default())
            .await;
        assert!(matches!(stopped, Err(JobError::Cancelled)));
        run.end(Err(JobError::Cancelled));
        worker.stop().await;
        assert_eq!(fleet.load_job(id).await.state.name(), "cancelled");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_job_that_would_be_rescheduled_ends_instead() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let company = CompanyId::new();
        let mut watch = fleet.watch_rows().await;
        let worker = fleet.start_worker(1).await;
        for error in [
            JobError::retry("away"),
            JobError::snooze(std::time::Duration::from_secs(1), "not yet"),
        ] {
            let id = fleet.enqueue(company, &Step { n: 0 }).await;
            let run = fleet.next_run().await;
            cancel_job(&fleet, company, id).await;
            run.end(Err(error));
            watch.until(id, "cancelled").await;
        }
        worker.stop().await;
        assert!(fleet.runs_so_far().is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_job_of_another_company_cannot_be_cancelled_or_replayed() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let (ours, theirs) = (CompanyId::new(), CompanyId::new());
        let id = fleet.enqueue(theirs, &Step { n: 0 }).await;
        assert_eq!(cancel_job(&fleet, ours, id).await, Cancelled::NotFound);
        assert_eq!(fleet.load_job(id).await.state.name(), "queued");
        assert_eq!(cancel_job(&fleet, theirs, id).await, Cancelled::Stopped);
        let mut tx = fleet.test.db.begin(Scope::company(ours)).await.unwrap();
        assert_eq!(
            control::replay_job(&mut tx, id, "mine").await.unwrap(),
            control::Replayed::NotFound
        );
    })
    .await;
}
