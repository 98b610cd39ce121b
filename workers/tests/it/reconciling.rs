//! Unique jobs: one open job per key, and no request for a rerun is lost.

use std::time::Duration;

use platform::ids::{CompanyId, JobId};
use platform::queue::control::{self, Replayed};
use platform::queue::failure::{self, FailureAction};
use platform::queue::success::{self, Recorded};
use platform::queue::{Enqueued, JobError, TerminalState};

use crate::support::{Once, Ping, Reconcile, TestFleet, company_job, guarded};

async fn enqueue_reconcile(fleet: &TestFleet, company: CompanyId) -> Enqueued {
    let mut tx = fleet.test.db.begin_engine().await.unwrap();
    let enqueued = tx
        .enqueue(company_job(company, &Reconcile { n: 0 }))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    enqueued
}

#[tokio::test]
async fn one_conflicting_row_never_stops_a_batch() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let (a, b) = (CompanyId::new(), CompanyId::new());
        let waiting = enqueue_reconcile(&fleet, a).await;
        assert!(matches!(waiting, Enqueued::New(_)));
        let mut tx = fleet.test.db.begin_engine().await.unwrap();
        let jobs = vec![
            company_job(b, &Reconcile { n: 1 }),
            company_job(a, &Reconcile { n: 2 }),
            company_job(b, &Reconcile { n: 3 }),
            company_job(a, &Ping { n: 4 }),
        ];
        let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
        let enqueued = tx.enqueue_all(jobs).await.unwrap();
        tx.commit().await.unwrap();
        let expected = [
            Enqueued::New(ids[0]),
            Enqueued::Existing(waiting.id()),
            Enqueued::Existing(ids[0]),
            Enqueued::New(ids[3]),
        ];
        assert_eq!(enqueued, expected);
        let bodies = sqlx::query_scalar!("select count(*) from job_bodies")
            .fetch_one(&mut fleet.test.owner().await)
            .await
            .unwrap();
        assert_eq!(bodies, Some(3));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn duplicates_of_a_running_reconciler_make_it_run_once_more() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let mut watch = fleet.watch_rows().await;
        let worker = fleet.start_worker(4).await;
        let company = CompanyId::new();
        let id = enqueue_reconcile(&fleet, company).await.id();
        let first = fleet.next_run().await;
        for _ in 0..3 {
            assert_eq!(
                enqueue_reconcile(&fleet, company).await,
                Enqueued::Existing(id)
            );
        }
        first.succeed();
        // The second run commits its end itself.
        let second = fleet.next_run().await;
        assert_eq!((second.cx.job_id(), second.cx.attempt_number()), (id, 1));
        enqueue_reconcile(&fleet, company).await;
        let tx = second.cx.begin().await.unwrap();
        let done = second.cx.finish(tx, serde_json::json!({})).await;
        second.end(done);
        let third = fleet.next_run().await;
        assert_eq!(third.cx.job_id(), id);
        third.succeed();
        watch.until(id, "succeeded").await;
        assert!(
            matches!(enqueue_reconcile(&fleet, company).await, Enqueued::New(_)),
            "the key isn't free"
        );
        fleet.next_run().await.succeed();
        worker.stop().await;
        assert!(fleet.runs_so_far().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reconciler_that_fails_or_is_cancelled_with_a_rerun_requested_starts_again() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let worker = fleet.start_worker(1).await;
        let company = CompanyId::new();
        let id = enqueue_reconcile(&fleet, company).await.id();
        for failure in [JobError::fail("broken"), JobError::Cancelled] {
            let run = fleet.next_run().await;
            assert_eq!((run.cx.job_id(), run.cx.attempt_number()), (id, 1));
            enqueue_reconcile(&fleet, company).await;
            run.end(Err(failure));
        }
        fleet.next_run().await.succeed();
        worker.stop().await;
        assert_eq!(fleet.load_job(id).await.state.name(), "succeeded");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rerun_requested_during_a_failing_attempt_restores_all_attempts() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let mut watch = fleet.watch_rows().await;
        let worker = fleet.start_worker(1).await;
        let company = CompanyId::new();
        let id = enqueue_reconcile(&fleet, company).await.id();
        let run = fleet.next_run().await;
        enqueue_reconcile(&fleet, company).await;
        run.end(Err(JobError::retry_after(
            Duration::from_secs(7_200),
            "429",
        )));
        watch.until(id, "scheduled").await;
        worker.stop().await;
        assert_eq!(fleet.load_job(id).await.attempt, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicate_pulls_a_waiting_retry_forward() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let mut watch = fleet.watch_rows().await;
        let worker = fleet.start_worker(1).await;
        let company = CompanyId::new();
        let id = enqueue_reconcile(&fleet, company).await.id();
        fleet.next_run().await.end(Err(JobError::retry_after(
            Duration::from_secs(7_200),
            "429",
        )));
        watch.until(id, "scheduled").await;
        assert_eq!(
            enqueue_reconcile(&fleet, company).await,
            Enqueued::Existing(id)
        );
        let run = fleet.next_run().await;
        assert_eq!(
            run.cx.attempt_number(),
            1,
            "a duplicate restores all attempts"
        );
        run.succeed();
        worker.stop().await;
        assert_eq!(fleet.load_job(id).await.state.name(), "succeeded");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_taken_while_its_job_is_open_and_free_after() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let mut watch = fleet.watch_rows().await;
        let worker = fleet.start_worker(1).await;
        let company = CompanyId::new();
        let id = fleet.enqueue(company, &Once { n: 1 }).await;
        let run = fleet.next_run().await;
        assert_eq!(fleet.enqueue(company, &Once { n: 1 }).await, id);
        assert_ne!(
            fleet.enqueue(CompanyId::new(), &Once { n: 1 }).await,
            id,
            "keys are unique within a company"
        );
        run.succeed();
        watch.until(id, "succeeded").await;
        fleet.next_run().await.succeed();
        assert_ne!(fleet.enqueue(company, &Once { n: 1 }).await, id);
        fleet.next_run().await.succeed();
        worker.stop().await;
        assert!(
            fleet.runs_so_far().is_empty(),
            "the duplicate of a running job that isn't a reconciler ran"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_onto_a_taken_key_is_rejected() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let mut watch = fleet.watch_rows().await;
        let worker = fleet.start_worker(1).await;
        let company = CompanyId::new();
        let dead = fleet.enqueue(company, &Once { n: 1 }).await;
        fleet.next_run().await.end(Err(JobError::fail("broken")));
        watch.until(dead, "dead").await;
        let other = fleet.enqueue(company, &Once { n: 1 }).await;
        let run = fleet.next_run().await;
        assert_eq!(replay_job(&fleet, dead).await, Replayed::KeyTaken);
        assert_eq!(replay_job(&fleet, other).await, Replayed::NotReplayable);
        assert_eq!(replay_job(&fleet, JobId::new()).await, Replayed::NotFound);
        run.succeed();
        watch.until(other, "succeeded").await;
        assert_eq!(replay_job(&fleet, other).await, Replayed::NotReplayable);
        assert_eq!(replay_job(&fleet, dead).await, Replayed::Requeued);
        let run = fleet.next_run().await;
        assert_eq!(
            (run.cx.job_id(), run.cx.attempt_number(), run.cx.fence()),
            (dead, 1, 2)
        );
        run.succeed();
        worker.stop().await;
        assert_eq!(fleet.load_job(dead).await.state.name(), "succeeded");
    })
    .await;
}

async fn replay_job(fleet: &TestFleet, id: JobId) -> Replayed {
    control::replay_job(&mut fleet.test.owner().await, id, "fixed")
        .await
        .unwrap()
}

/// The statement that records has a snapshot from before the duplicate and waits for its lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicate_that_commits_while_an_outcome_waits_for_its_lock_is_not_lost() {
    guarded(async {
        let fleet = TestFleet::start().await;
        for failed in [None, Some(TerminalState::Dead)] {
            let company = CompanyId::new();
            let id = enqueue_reconcile(&fleet, company).await.id();
            let worker = fleet.register_silent_worker().await;
            let claim = fleet.claim_job(worker, id).await.unwrap();
            let mut duplicate = fleet.test.db.begin_engine().await.unwrap();
            duplicate
                .enqueue(company_job(company, &Reconcile { n: 1 }))
                .await
                .unwrap();
            let db = fleet.test.db.clone();
            let recording = platform::task::spawn_named("test", async move {
                let mut conn = db.hot().acquire().await.unwrap();
                match failed {
                    None => success::record_success(&mut conn, &claim, None)
                        .await
                        .unwrap(),
                    Some(state) => {
                        let failure = FailureAction::Finish {
                            state,
                            class: None,
                            error: "broken".to_owned(),
                        };
                        failure::record_failure(&mut conn, &claim, &failure)
                            .await
                            .unwrap()
                    }
                }
            });
            wait_until_a_statement_is_blocked(&fleet).await;
            duplicate.commit().await.unwrap();
            assert_eq!(recording.await.unwrap(), Recorded::Rerun, "{failed:?}");
            assert_eq!(fleet.load_job(id).await.state.name(), "queued");
        }
    })
    .await;
}

async fn wait_until_a_statement_is_blocked(fleet: &TestFleet) {
    let mut owner = fleet.test.owner().await;
    loop {
        let waits = sqlx::query_scalar!(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        )
        .fetch_one(&mut owner)
        .await
        .unwrap();
        if waits > Some(0) {
            return;
        }
    }
}
