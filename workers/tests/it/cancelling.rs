//! Stopping jobs.

use platform::db::Scope;
use platform::ids::{CompanyId, JobId};
use platform::queue::JobError;
use platform::queue::control::{self, Cancelled};

use crate::support::{Ping, Services, Step, guarded};

async fn cancel(fleet: &Services, company: CompanyId, id: JobId) -> Cancelled {
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
        let mut fleet = Services::new().await;
        let company = CompanyId::new();
        let id = fleet.enqueue(company, &Ping { n: 0 }).await;
        assert_eq!(cancel(&fleet, company, id).await, Cancelled::Stopped);
        assert_eq!(
            cancel(&fleet, company, id).await,
            Cancelled::AlreadyFinished
        );
        let mut changes = fleet.changes().await;
        let worker = fleet.worker(1).await;
        fleet.redis.deliver(id).await;
        changes.until_empty().await;
        let other = fleet.enqueue(company, &Ping { n: 1 }).await;
        assert_eq!(fleet.next_run().await.cx.job_id(), other);
        worker.stop().await;
        assert!(fleet.runs_so_far().is_empty());
        let job = fleet.job(id).await;
        assert_eq!(
            (job.state.name(), job.error.as_deref()),
            ("cancelled", Some("not needed"))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_job_is_asked_to_stop_and_ends_cancelled() {
    guarded(async {
        let mut fleet = Services::new().await;
        let company = CompanyId::new();
        let worker = fleet.worker(1).await;
        let id = fleet.enqueue(company, &Step { n: 0 }).await;
        let run = fleet.next_run().await;
        assert!(!run.cx.is_cancelled());
        assert_eq!(cancel(&fleet, company, id).await, Cancelled::Requested);
        run.cx.cancelled().await;
        run.end(Err(JobError::Cancelled));
        worker.stop().await;
        assert_eq!(fleet.job(id).await.state.name(), "cancelled");
        assert_eq!(
            fleet
                .timeline(id)
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
async fn a_chunk_after_the_request_is_rolled_back() {
    guarded(async {
        let mut fleet = Services::new().await;
        let company = CompanyId::new();
        let worker = fleet.worker(1).await;
        let id = fleet.enqueue(company, &Step { n: 0 }).await;
        let run = fleet.next_run().await;
        cancel(&fleet, company, id).await;
        let stopped = run.cx.progress(&platform::queue::Progress::default()).await;
        assert!(matches!(stopped, Err(JobError::Cancelled)));
        run.end(Err(JobError::Cancelled));
        worker.stop().await;
        assert_eq!(fleet.job(id).await.state.name(), "cancelled");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_asked_to_stop_that_would_wait_again_ends_instead() {
    guarded(async {
        let mut fleet = Services::new().await;
        let company = CompanyId::new();
        let mut watch = fleet.watch().await;
        let worker = fleet.worker(1).await;
        for error in [
            JobError::retry("away"),
            JobError::snooze(std::time::Duration::from_secs(1), "not yet"),
        ] {
            let id = fleet.enqueue(company, &Step { n: 0 }).await;
            let run = fleet.next_run().await;
            cancel(&fleet, company, id).await;
            run.end(Err(error));
            watch.until(id, "cancelled").await;
        }
        worker.stop().await;
        assert!(fleet.runs_so_far().is_empty());
    })
    .await;
}

#[tokio::test]
async fn another_companys_job_cannot_be_cancelled_or_run_again() {
    guarded(async {
        let fleet = Services::new().await;
        let (ours, theirs) = (CompanyId::new(), CompanyId::new());
        let id = fleet.enqueue(theirs, &Step { n: 0 }).await;
        assert_eq!(cancel(&fleet, ours, id).await, Cancelled::NotFound);
        assert_eq!(fleet.job(id).await.state.name(), "queued");
        assert_eq!(cancel(&fleet, theirs, id).await, Cancelled::Stopped);
        let mut tx = fleet.test.db.begin(Scope::company(ours)).await.unwrap();
        assert_eq!(
            control::replay_job(&mut tx, id, "mine").await.unwrap(),
            control::Replayed::NotFound
        );
    })
    .await;
}
