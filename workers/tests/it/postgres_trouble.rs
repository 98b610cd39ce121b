//! Responses of Postgres that are lost after the statement ran, and broken connections: each job
//! still ends once.

use std::collections::BTreeSet;

use platform::ids::CompanyId;
use platform::queue::JobError;
use sqlx::PgConnection;

use crate::support::{Ping, Proxy, Step, TestFleet, company_job, guarded};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_whose_answer_is_lost_is_run_by_its_worker() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let proxy = Proxy::start(&fleet.test).await;
        let worker = fleet.start_worker_on(&proxy.db).await;
        let job = company_job(CompanyId::new(), &Step { n: 0 });
        // Only the claim sends the id in an array: one dimension, one element, lower bound 1, of 16
        // bytes.
        let list = [
            &[0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 16],
            job.id.0.as_bytes().as_slice(),
        ]
        .concat();
        let lost = proxy.lose_answer_to(&list);
        let id = fleet.enqueue_all(vec![job]).await[0];
        lost.await.unwrap();
        let run = fleet.next_run().await;
        assert_eq!(
            (run.cx.job_id(), run.cx.attempt_number(), run.cx.fence()),
            (id, 1, 1)
        );
        run.succeed();
        worker.stop().await;
        assert_eq!(fleet.load_job(id).await.state.name(), "succeeded");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_whose_response_is_lost_is_recorded_once() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let proxy = Proxy::start(&fleet.test).await;
        let worker = fleet.start_worker_on(&proxy.db).await;
        let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
        let run = fleet.next_run().await;
        let lost = proxy.lose_answer_to(br#"{"n":1}"#);
        run.succeed();
        lost.await.unwrap();
        worker.stop().await;
        assert!(fleet.runs_so_far().is_empty());
        assert_eq!(fleet.load_job(id).await.state.name(), "succeeded");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_not_run_again() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let proxy = Proxy::start(&fleet.test).await;
        let worker = fleet.start_worker_on(&proxy.db).await;
        let company = CompanyId::new();
        let id = fleet.enqueue(company, &Step { n: 0 }).await;
        let run = fleet.next_run().await;
        let mut tx = run.cx.begin().await.unwrap();
        let follow_up = tx
            .enqueue(company_job(company, &Ping { n: 1 }))
            .await
            .unwrap()
            .id();
        let lost = proxy.lose_answer_to(b"COMMIT");
        let done = run.cx.finish(tx, serde_json::json!({})).await;
        lost.await.unwrap();
        assert!(
            matches!(done, Err(JobError::Retry(_))),
            "the job cannot know the outcome"
        );
        run.end(done);
        assert_eq!(fleet.next_run().await.cx.job_id(), follow_up);
        worker.stop().await;
        assert!(fleet.runs_so_far().is_empty());
        let job = fleet.load_job(id).await;
        assert_eq!((job.state.name(), job.attempt), ("succeeded", 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_whose_answer_is_lost_is_recorded_once() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let proxy = Proxy::start(&fleet.test).await;
        let worker = fleet.start_worker_on(&proxy.db).await;
        let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
        let run = fleet.next_run().await;
        let lost = proxy.lose_answer_to(b"provider away");
        run.end(Err(JobError::retry("provider away")));
        lost.await.unwrap();
        worker.stop().await;
        let job = fleet.load_job(id).await;
        assert_eq!((job.state.name(), job.attempt), ("scheduled", 1));
        assert_eq!(
            fleet
                .load_timeline(id)
                .await
                .iter()
                .filter(|event| *event == "attempt_failed")
                .count(),
            1
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_connections_lose_no_job() {
    guarded(async {
        let mut fleet = TestFleet::start().await;
        let worker = fleet.start_worker(8).await;
        let company = CompanyId::new();
        let jobs = (0..1_000)
            .map(|n| company_job(company, &Ping { n }))
            .collect();
        let mut open: BTreeSet<_> = fleet.enqueue_all(jobs).await.into_iter().collect();
        let mut owner = fleet.test.owner().await;
        let mut runs: usize = 0;
        while !open.is_empty() {
            open.remove(&fleet.next_run().await.cx.job_id());
            runs += 1;
            if runs.is_multiple_of(100) {
                kill_connections(&mut owner).await;
            }
        }
        worker.stop().await;
        let ended = sqlx::query!(
            r#"select count(*) filter (where state = 'succeeded') as "succeeded!", count(*) as "all!",
                      (select count(*) from jobs_open) as "open!" from jobs_finished"#,
        )
        .fetch_one(&mut owner)
        .await
        .unwrap();
        assert_eq!((ended.succeeded, ended.all, ended.open), (1_000, 1_000, 0));
    })
    .await;
}

/// Kills every connection of the test's database except the caller's.
async fn kill_connections(owner: &mut PgConnection) {
    sqlx::query!(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()",
    )
    .fetch_all(owner)
    .await
    .unwrap();
}
