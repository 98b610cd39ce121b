//! Lost workers: their jobs run again, and what they still write is refused.

use std::time::Duration;

use platform::db::Scope;
use platform::ids::CompanyId;
use platform::queue::control::{self, Cancelled};
use platform::queue::failure::{self, FailureAction};
use platform::queue::finish::Finished;
use platform::queue::rescue::{self, Rescued};
use platform::queue::{FailureClass, JobError, Progress, TerminalState, claim, liveness, progress};
use workers::QueueBackend;

use crate::support::{Blocks, Ping, Reconcile, Services, Step, company_job, guarded};

over_both_backends!(
    the_job_of_a_lost_worker_runs_again_with_the_try_counted,
    a_worker_that_wakes_up_after_its_rescue_writes_nothing,
);

async fn the_job_of_a_lost_worker_runs_again_with_the_try_counted(backend: QueueBackend) {
    let mut fleet = Services::over(backend).await;
    let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
    let mute = fleet.mute_worker().await;
    assert_eq!(fleet.claim(mute, id).await.unwrap().attempt, 1);
    let worker = fleet.worker(1).await;
    let run = fleet.next_run().await;
    assert_eq!(
        (run.cx.job_id(), run.cx.attempt(), run.cx.fence()),
        (id, 2, 2)
    );
    run.succeed();
    worker.stop().await;
    assert_eq!(fleet.job(id).await.state.name(), "succeeded");
    let timeline = fleet.timeline(id).await;
    assert!(
        timeline.contains(&"rescued".to_owned()) && timeline.contains(&"attempt_failed".to_owned())
    );
}

async fn a_worker_that_wakes_up_after_its_rescue_writes_nothing(backend: QueueBackend) {
    let mut fleet = Services::over(backend).await;
    let company = CompanyId::new();
    let id = fleet.enqueue(company, &Step { n: 0 }).await;
    let mute = fleet.mute_worker().await;
    let stale = fleet.claim(mute, id).await.unwrap();
    let worker = fleet.worker(1).await;
    let run = fleet.next_run().await;

    let cx = fleet.context(&stale);
    let mut tx = cx.begin().await.unwrap();
    let follow_up = company_job(company, &Ping { n: 99 });
    let follow_up_id = follow_up.id;
    tx.enqueue(follow_up).await.unwrap();
    assert!(matches!(
        cx.finish(tx, serde_json::json!("stale")).await,
        Err(JobError::Lost)
    ));
    assert!(matches!(
        cx.progress(&Progress::default()).await,
        Err(JobError::Lost)
    ));
    let runner = fleet.runner();
    runner
        .completions
        .succeed(&stale, Some("\"stale\"".to_owned()))
        .await;
    runner.completions.drained().await;
    for failure in [
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
            failure::record_failure(&mut conn, &stale, &failure)
                .await
                .unwrap(),
            Finished::Lost
        );
    }
    assert_eq!(fleet.job(id).await.state.name(), "running");

    run.succeed();
    worker.stop().await;
    let job = fleet.job(id).await;
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
        let fleet = Services::new().await;
        let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
        for expected in [Rescued { requeued: 1, ..Rescued::default() }, Rescued { parked: 1, ..Rescued::default() }] {
            let mute = fleet.mute_worker().await;
            fleet.claim(mute, id).await.unwrap();
            assert_eq!(rescue::rescue_lost_workers(fleet.test.db.engine(), Duration::ZERO).await.unwrap(), expected);
        }
        let job = fleet.job(id).await;
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
async fn a_claim_that_its_living_worker_knows_nothing_of_is_given_back() {
    guarded(async {
        let fleet = Services::new().await;
        let company = CompanyId::new();
        let mute = fleet.mute_worker().await;
        let mut claims = Vec::new();
        for n in 0..3 {
            let id = fleet.enqueue(company, &Step { n }).await;
            claims.push(fleet.claim(mute, id).await.unwrap());
        }
        let [running, unconfirmed, forgotten] = &claims[..] else {
            panic!("three")
        };
        let give_back = async |fence: i32| {
            let known = [(running.id.0, running.fence), (forgotten.id.0, fence)];
            rescue::requeue_unknown_claims(
                fleet.test.db.engine(),
                mute,
                &known,
                &[unconfirmed.id.0],
            )
            .await
            .unwrap()
        };
        assert_eq!(give_back(forgotten.fence - 1).await, 0, "claimed just now");
        fleet.test.advance(Duration::from_secs(61)).await;
        assert_eq!(give_back(forgotten.fence).await, 0, "known");
        assert_eq!(
            give_back(forgotten.fence - 1).await,
            1,
            "an earlier claim of the same job is another"
        );
        let job = fleet.job(forgotten.id).await;
        assert_eq!((job.state.name(), job.attempt), ("queued", 0));
        for kept in [running, unconfirmed] {
            assert_eq!(fleet.job(kept.id).await.state.name(), "running");
        }
        let mut tx = fleet.test.db.begin(Scope::company(company)).await.unwrap();
        assert_eq!(
            control::cancel_job(&mut tx, running.id, "not needed")
                .await
                .unwrap(),
            Cancelled::Requested
        );
        tx.commit().await.unwrap();
        let gave_back =
            rescue::requeue_unknown_claims(fleet.test.db.engine(), mute, &[], &[unconfirmed.id.0])
                .await
                .unwrap();
        assert_eq!(
            (gave_back, fleet.job(running.id).await.state.name()),
            (1, "cancelled")
        );
    })
    .await;
}

#[tokio::test]
async fn a_job_whose_tries_are_spent_dies_with_its_worker() {
    guarded(async {
        let fleet = Services::new().await;
        let mut job = company_job(CompanyId::new(), &Step { n: 0 });
        job.max_attempts = 1;
        let id = fleet.enqueue_all(vec![job]).await[0];
        let mute = fleet.mute_worker().await;
        fleet.claim(mute, id).await.unwrap();
        rescue::rescue_lost_workers(fleet.test.db.engine(), Duration::ZERO)
            .await
            .unwrap();
        assert_eq!(fleet.job(id).await.state.name(), "dead");
    })
    .await;
}

#[tokio::test]
async fn a_lost_reconciler_that_was_asked_for_again_outlives_its_last_try_but_not_its_fourth_worker()
 {
    guarded(async {
        let fleet = Services::new().await;
        let company = CompanyId::new();
        let mut job = company_job(company, &Reconcile { n: 0 });
        job.max_attempts = 1;
        let id = fleet.enqueue_all(vec![job]).await[0];
        // Each time a wake-up waits that no round has answered.
        for expected in [("queued", 0), ("queued", 0), ("queued", 0), ("parked", 1)] {
            let mute = fleet.mute_worker().await;
            fleet.claim(mute, id).await.unwrap();
            assert_eq!(fleet.enqueue(company, &Reconcile { n: 0 }).await, id);
            rescue::rescue_lost_workers(fleet.test.db.engine(), Duration::ZERO)
                .await
                .unwrap();
            let job = fleet.job(id).await;
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
async fn a_lost_job_that_was_asked_to_stop_ends_cancelled() {
    guarded(async {
        let fleet = Services::new().await;
        let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
        let mute = fleet.mute_worker().await;
        fleet.claim(mute, id).await.unwrap();
        let asked = control::cancel_job(&mut fleet.test.owner().await, id, "not needed")
            .await
            .unwrap();
        assert_eq!(asked, control::Cancelled::Requested);
        rescue::rescue_lost_workers(fleet.test.db.engine(), Duration::ZERO)
            .await
            .unwrap();
        assert_eq!(fleet.job(id).await.state.name(), "cancelled");
    })
    .await;
}

#[tokio::test]
async fn a_row_that_a_frozen_worker_holds_locked_holds_up_no_other_rescue() {
    guarded(async {
        let fleet = Services::new().await;
        let company = CompanyId::new();
        let ids = fleet
            .enqueue_all(vec![
                company_job(company, &Step { n: 0 }),
                company_job(company, &Step { n: 1 }),
            ])
            .await;
        let mute = fleet.mute_worker().await;
        let frozen = fleet.claim(mute, ids[0]).await.unwrap();
        fleet.claim(mute, ids[1]).await.unwrap();
        let mut tx = fleet.context(&frozen).begin().await.unwrap();
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
        assert_eq!(fleet.job(ids[1]).await.state.name(), "queued");
        tx.rollback().await.unwrap();
        assert_eq!(
            rescue::rescue_lost_workers(pool, Duration::ZERO)
                .await
                .unwrap()
                .requeued,
            1
        );
        assert_eq!(fleet.job(ids[0]).await.state.name(), "queued");
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_was_silent_for_too_long_claims_nothing() {
    guarded(async {
        let fleet = Services::new().await;
        let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
        let silent = fleet.mute_worker().await;
        sqlx::query!(
            "update workers set heartbeat_at = heartbeat_at - interval '9 s' where id = $1",
            silent
        )
        .execute(&mut fleet.test.owner().await)
        .await
        .unwrap();
        assert!(fleet.claim(silent, id).await.is_none());
        liveness::record_heartbeat(fleet.test.db.engine(), silent, &[])
            .await
            .unwrap();
        assert!(fleet.claim(silent, id).await.is_some());
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
async fn a_worker_with_jobs_left_is_not_marked_as_stopped() {
    guarded(async {
        let fleet = Services::new().await;
        let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
        let mute = fleet.mute_worker().await;
        fleet.claim(mute, id).await.unwrap();
        let pool = fleet.test.db.engine();
        liveness::record_stop(pool, mute).await.unwrap();
        assert_eq!(
            rescue::rescue_lost_workers(pool, Duration::ZERO)
                .await
                .unwrap()
                .requeued,
            1
        );
        assert_eq!(fleet.job(id).await.state.name(), "queued");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_whose_threads_are_all_blocked_loses_its_jobs_to_others() {
    guarded(async {
        let mut fleet = Services::new().await;
        let company = CompanyId::new();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let blocked = {
            let _inside = runtime.enter();
            fleet.worker(4).await
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

        let other = fleet.worker(1).await;
        let run = fleet.next_run().await;
        assert_eq!((run.cx.job_id(), run.cx.attempt()), (id, 2));
        run.succeed();
        other.stop().await;
        assert_eq!(fleet.job(id).await.state.name(), "succeeded");
        fleet.unblock = None;
        drop(blocked);
        runtime.shutdown_background();
    })
    .await;
}
