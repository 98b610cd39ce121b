//! Lost workers: their jobs run again, and their late writes are rejected.

use std::time::Duration;

use platform::db::Scope;
use platform::ids::CompanyId;
use platform::queue::control::{self, Cancelled};
use platform::queue::failure::{self, FailureAction};
use platform::queue::rescue::{self, Rescued};
use platform::queue::success::Recorded;
use platform::queue::{FailureClass, JobError, Progress, TerminalState, claim, liveness, progress};
use workers::QueueBackend;

use crate::support::{Blocks, Ping, Reconcile, Step, TestFleet, company_job, guarded};

over_both_backends!(
    the_job_of_a_lost_worker_runs_again_with_its_attempt_spent,
    a_worker_that_resumes_after_its_rescue_writes_nothing,
);

async fn the_job_of_a_lost_worker_runs_again_with_its_attempt_spent(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
    let silent = fleet.register_silent_worker().await;
    assert_eq!(fleet.claim_job(silent, id).await.unwrap().attempt, 1);
    let worker = fleet.start_worker(1).await;
    let run = fleet.next_run().await;
    assert_eq!(
        (run.cx.job_id(), run.cx.attempt_number(), run.cx.fence()),
        (id, 2, 2)
    );
    run.succeed();
    worker.stop().await;
    assert_eq!(fleet.load_job(id).await.state.name(), "succeeded");
    let timeline = fleet.load_timeline(id).await;
    assert!(
        timeline.contains(&"rescued".to_owned()) && timeline.contains(&"attempt_failed".to_owned())
    );
}

#[expect(
    clippy::too_many_lines,
    reason = "one scenario, read from top to bottom"
)]
async fn a_worker_that_resumes_after_its_rescue_writes_nothing(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let company = CompanyId::new();
    let id = fleet.enqueue(company, &Step { n: 0 }).await;
    let silent = fleet.register_silent_worker().await;
    let stale = fleet.claim_job(silent, id).await.unwrap();
    let worker = fleet.start_worker(1).await;
    let run = fleet.next_run().await;

    let cx = fleet.job_context(&stale);
    let mut tx = cx.begin().await.unwrap();
    let follow_up = company_job(company, &Ping { n: 99 });
    let follow_up_id = follow_up.id;
    tx.enqueue(follow_up).await.unwrap();
    assert!(matches!(
        cx.finish(tx, serde_json::json!("stale")).await,
        Err(JobError::Lost)
    ));
    assert!(matches!(
        cx.record_progress(&Progress::default()).await,
        Err(JobError::Lost)
    ));
    let runner = fleet.new_runner();
    runner
        .completions
        .record_success(&stale, Some("\"stale\"".to_owned()))
        .await;
    runner.completions.wait_until_recorded().await;
    for action in [
        FailureAction::Retry {
            wait: Duration::ZERO,
            class: FailureClass::Retry,
            error: "stale".to_owned(),
        },
        FailureAction::Snooze {
            wait: Duration::ZERO,
            reason: "stale".to_owned(),
        },
        FailureAction::Finish {
            state: TerminalState::Dead,
            class: None,
            error: "stale".to_owned(),
        },
    ] {
        let mut conn = fleet.test.db.hot().acquire().await.unwrap();
        assert_eq!(
            failure::record_failure(&mut conn, &stale, &action)
                .await
                .unwrap(),
            Recorded::Lost
        );
    }
    assert_eq!(fleet.load_job(id).await.state.name(), "running");

    run.succeed();
    worker.stop().await;
    let job = fleet.load_job(id).await;
    assert_eq!(
        (job.state.name(), job.result.as_deref()),
        ("succeeded", Some(r#"{"n":1}"#))
    );
    let follow_ups = sqlx::query_scalar!(
        "select count(*) from job_bodies where id = $1",
        follow_up_id.0
    )
    .fetch_one(&mut fleet.test.owner().await)
    .await
    .unwrap();
    assert_eq!(follow_ups, Some(0));
}

#[tokio::test]
async fn a_job_that_loses_its_worker_twice_is_parked() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
        for expected in [Rescued { requeued: 1, ..Rescued::default() }, Rescued { parked: 1, ..Rescued::default() }] {
            let silent = fleet.register_silent_worker().await;
            fleet.claim_job(silent, id).await.unwrap();
            assert_eq!(rescue::rescue_lost_workers(fleet.test.db.engine(), Duration::ZERO).await.unwrap(), expected);
        }
        let job = fleet.load_job(id).await;
        assert_eq!((job.state.name(), job.attempt), ("parked", 2));
        let crashes = sqlx::query_scalar!(
            "select count(*) from job_attempts where job_id = $1 and class = 'crash' and worker_id is not null",
            id.0,
        )
        .fetch_one(&mut fleet.test.owner().await)
        .await
        .unwrap();
        assert_eq!(crashes, Some(2));
    })
    .await;
}

#[tokio::test]
async fn a_claim_unknown_to_its_living_worker_is_requeued() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let company = CompanyId::new();
        let silent = fleet.register_silent_worker().await;
        let mut claims = Vec::new();
        for n in 0..3 {
            let id = fleet.enqueue(company, &Step { n }).await;
            claims.push(fleet.claim_job(silent, id).await.unwrap());
        }
        let [running, unconfirmed, unknown] = &claims[..] else {
            panic!("three")
        };
        let requeue = async |fence: i32| {
            let known = [(running.id.0, running.fence), (unknown.id.0, fence)];
            rescue::requeue_unknown_claims(
                fleet.test.db.engine(),
                silent,
                &known,
                &[unconfirmed.id.0],
            )
            .await
            .unwrap()
        };
        assert_eq!(requeue(unknown.fence - 1).await, 0, "claimed just now");
        fleet.test.advance(Duration::from_secs(61)).await;
        assert_eq!(requeue(unknown.fence).await, 0, "known");
        assert_eq!(
            requeue(unknown.fence - 1).await,
            1,
            "the known fence is older"
        );
        let job = fleet.load_job(unknown.id).await;
        assert_eq!((job.state.name(), job.attempt), ("queued", 0));
        for kept in [running, unconfirmed] {
            assert_eq!(fleet.load_job(kept.id).await.state.name(), "running");
        }
        let mut tx = fleet.test.db.begin(Scope::company(company)).await.unwrap();
        assert_eq!(
            control::cancel_job(&mut tx, running.id, "not needed")
                .await
                .unwrap(),
            Cancelled::Requested
        );
        tx.commit().await.unwrap();
        let requeued = rescue::requeue_unknown_claims(
            fleet.test.db.engine(),
            silent,
            &[],
            &[unconfirmed.id.0],
        )
        .await
        .unwrap();
        assert_eq!(
            (requeued, fleet.load_job(running.id).await.state.name()),
            (1, "cancelled")
        );
    })
    .await;
}

#[tokio::test]
async fn a_job_without_attempts_left_is_dead_when_its_worker_is_lost() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let mut job = company_job(CompanyId::new(), &Step { n: 0 });
        job.max_attempts = 1;
        let id = fleet.enqueue_all(vec![job]).await[0];
        let silent = fleet.register_silent_worker().await;
        fleet.claim_job(silent, id).await.unwrap();
        rescue::rescue_lost_workers(fleet.test.db.engine(), Duration::ZERO)
            .await
            .unwrap();
        assert_eq!(fleet.load_job(id).await.state.name(), "dead");
    })
    .await;
}

#[tokio::test]
async fn an_orphaned_reconciler_with_a_rerun_requested_is_parked_after_its_fourth_worker() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let company = CompanyId::new();
        let mut job = company_job(company, &Reconcile { n: 0 });
        job.max_attempts = 1;
        let id = fleet.enqueue_all(vec![job]).await[0];
        // Each time a rerun is requested that no attempt has served.
        for expected in [("queued", 0), ("queued", 0), ("queued", 0), ("parked", 1)] {
            let silent = fleet.register_silent_worker().await;
            fleet.claim_job(silent, id).await.unwrap();
            assert_eq!(fleet.enqueue(company, &Reconcile { n: 0 }).await, id);
            rescue::rescue_lost_workers(fleet.test.db.engine(), Duration::ZERO)
                .await
                .unwrap();
            let job = fleet.load_job(id).await;
            assert_eq!((job.state.name(), job.attempt), expected);
        }
        assert_ne!(
            fleet.enqueue(company, &Reconcile { n: 0 }).await,
            id,
            "the key isn't free"
        );
    })
    .await;
}

#[tokio::test]
async fn an_orphaned_job_with_a_cancellation_requested_ends_cancelled() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
        let silent = fleet.register_silent_worker().await;
        fleet.claim_job(silent, id).await.unwrap();
        let cancelled = control::cancel_job(&mut fleet.test.owner().await, id, "not needed")
            .await
            .unwrap();
        assert_eq!(cancelled, control::Cancelled::Requested);
        rescue::rescue_lost_workers(fleet.test.db.engine(), Duration::ZERO)
            .await
            .unwrap();
        assert_eq!(fleet.load_job(id).await.state.name(), "cancelled");
    })
    .await;
}

#[tokio::test]
async fn a_row_locked_by_a_frozen_worker_delays_no_other_rescue() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let company = CompanyId::new();
        let ids = fleet
            .enqueue_all(vec![
                company_job(company, &Step { n: 0 }),
                company_job(company, &Step { n: 1 }),
            ])
            .await;
        let silent = fleet.register_silent_worker().await;
        let frozen = fleet.claim_job(silent, ids[0]).await.unwrap();
        fleet.claim_job(silent, ids[1]).await.unwrap();
        let mut tx = fleet.job_context(&frozen).begin().await.unwrap();
        progress::record_progress(&mut tx, frozen.id, frozen.fence, &Progress::default())
            .await
            .unwrap();

        let pool = fleet.test.db.engine();
        assert_eq!(
            rescue::rescue_lost_workers(pool, Duration::ZERO)
                .await
                .unwrap()
                .requeued,
            1
        );
        assert_eq!(fleet.load_job(ids[1]).await.state.name(), "queued");
        tx.rollback().await.unwrap();
        assert_eq!(
            rescue::rescue_lost_workers(pool, Duration::ZERO)
                .await
                .unwrap()
                .requeued,
            1
        );
        assert_eq!(fleet.load_job(ids[0]).await.state.name(), "queued");
    })
    .await;
}

#[tokio::test]
async fn a_worker_with_an_old_heartbeat_claims_nothing() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
        let silent = fleet.register_silent_worker().await;
        sqlx::query!(
            "update workers set heartbeat_at = heartbeat_at - interval '9 s' where id = $1",
            silent
        )
        .execute(&mut fleet.test.owner().await)
        .await
        .unwrap();
        assert!(fleet.claim_job(silent, id).await.is_none());
        liveness::record_heartbeat(fleet.test.db.engine(), silent, &[])
            .await
            .unwrap();
        assert!(fleet.claim_job(silent, id).await.is_some());
        assert!(
            claim::claim_jobs(fleet.test.db.hot(), silent, &[id.0])
                .await
                .unwrap()
                .is_empty(),
            "claimed twice"
        );
    })
    .await;
}

#[tokio::test]
async fn a_worker_with_running_jobs_is_not_marked_as_stopped() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
        let silent = fleet.register_silent_worker().await;
        fleet.claim_job(silent, id).await.unwrap();
        let pool = fleet.test.db.engine();
        liveness::record_stop(pool, silent).await.unwrap();
        assert_eq!(
            rescue::rescue_lost_workers(pool, Duration::ZERO)
                .await
                .unwrap()
                .requeued,
            1
        );
        assert_eq!(fleet.load_job(id).await.state.name(), "queued");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_whose_threads_are_all_blocked_loses_its_jobs_to_others() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let company = CompanyId::new();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let blocked = {
            let _inside = runtime.enter();
            fleet.start_worker(4).await
        };
        let id = fleet.enqueue(company, &Step { n: 0 }).await;
        assert_eq!(fleet.next_run().await.cx.job_id(), id);
        fleet
            .enqueue_all(
                (0..2)
                    .map(|n| company_job(company, &Blocks { n }))
                    .collect(),
            )
            .await;
        fleet.next_run().await;
        fleet.next_run().await;

        let other = fleet.start_worker(1).await;
        let run = fleet.next_run().await;
        assert_eq!((run.cx.job_id(), run.cx.attempt_number()), (id, 2));
        run.succeed();
        other.stop().await;
        assert_eq!(fleet.load_job(id).await.state.name(), "succeeded");
        fleet.unblock = None;
        drop(blocked);
        runtime.shutdown_background();
    })
    .await;
}
