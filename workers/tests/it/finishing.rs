//! The end of a body that writes: its writes, its state, its result and its follow-up jobs are one.

use platform::db::Tx;
use platform::ids::{CompanyId, JobId};
use platform::queue::{Done, JobError, Progress};
use sqlx::PgConnection;

use crate::support::{Hangs, Ping, Services, Step, company_job, guarded};

/// A write of the body's own, under row-level security.
async fn note(conn: &mut PgConnection, company: CompanyId, id: JobId) {
    sqlx::query!(
        "insert into job_events (job_id, company_id, at, event, reason) values ($1, $2, engine_now(), 'replayed', '')",
        id.0,
        company.0,
    )
    .execute(conn)
    .await
    .unwrap();
}

async fn notes(fleet: &Services) -> i64 {
    sqlx::query_scalar!(r#"select count(*) as "count!" from job_events where event = 'replayed'"#)
        .fetch_one(&mut fleet.test.owner().await)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_state_result_and_follow_up_jobs_are_one_commit() {
    guarded(async {
        let mut fleet = Services::new().await;
        let worker = fleet.worker(2).await;
        let company = CompanyId::new();
        let id = fleet.enqueue(company, &Step { n: 0 }).await;
        let run = fleet.next_run().await;
        let mut tx: Tx = run.cx.begin().await.unwrap();
        note(&mut tx, company, id).await;
        let follow_up = tx
            .enqueue(company_job(company, &Ping { n: 5 }))
            .await
            .unwrap()
            .id();
        let done = run.cx.finish(tx, serde_json::json!({ "noted": 1 })).await;
        assert!(matches!(done, Ok(Done::Committed)));
        let job = fleet.job(id).await;
        assert_eq!(
            (job.state.name(), job.result.as_deref()),
            ("succeeded", Some(r#"{"noted":1}"#))
        );
        assert_eq!(notes(&fleet).await, 1);
        run.end(done);
        assert_eq!(fleet.next_run().await.cx.job_id(), follow_up);
        worker.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_fails_after_its_writes_leaves_none_of_them() {
    guarded(async {
        let mut fleet = Services::new().await;
        let mut watch = fleet.watch().await;
        let worker = fleet.worker(2).await;
        let company = CompanyId::new();
        let id = fleet.enqueue(company, &Step { n: 0 }).await;
        let run = fleet.next_run().await;
        let mut tx = run.cx.begin().await.unwrap();
        note(&mut tx, company, id).await;
        tx.enqueue(company_job(company, &Ping { n: 5 }))
            .await
            .unwrap();
        drop(tx);
        run.end(Err(JobError::fail("on second thoughts")));
        watch.until(id, "dead").await;
        worker.stop().await;
        assert_eq!(notes(&fleet).await, 0);
        assert!(fleet.runs_so_far().is_empty(), "the follow-up job ran");
    })
    .await;
}

#[tokio::test]
async fn a_rolled_back_transaction_leaves_no_job() {
    guarded(async {
        let fleet = Services::new().await;
        let mut tx = fleet.test.db.begin_engine().await.unwrap();
        tx.enqueue(company_job(CompanyId::new(), &Ping { n: 0 }))
            .await
            .unwrap();
        tx.rollback().await.unwrap();
        let jobs = sqlx::query_scalar!(
            "select (select count(*) from jobs_open) + (select count(*) from job_bodies)"
        )
        .fetch_one(&mut fleet.test.owner().await)
        .await
        .unwrap();
        assert_eq!(jobs, Some(0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_is_kept_with_its_chunk_and_survives_a_failure() {
    guarded(async {
        let mut fleet = Services::new().await;
        let mut watch = fleet.watch().await;
        let worker = fleet.worker(1).await;
        let company = CompanyId::new();
        let id = fleet.enqueue(company, &Step { n: 0 }).await;
        let run = fleet.next_run().await;
        let mut tx = run.cx.begin().await.unwrap();
        note(&mut tx, company, id).await;
        let progress = Progress {
            done: 3,
            total: 9,
            message: "rows".to_owned(),
        };
        run.cx.checkpoint(tx, &progress).await.unwrap();
        run.end(Err(JobError::retry("power cut")));
        let job = watch.until(id, "scheduled").await;
        assert_eq!(job.progress, Some(serde_json::json!(progress)));
        assert_eq!(notes(&fleet).await, 1);
        worker.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_postgres_would_refuse_holds_up_no_other() {
    guarded(async {
        let mut fleet = Services::new().await;
        let worker = fleet.worker(2).await;
        let company = CompanyId::new();
        let odd = fleet.enqueue(company, &Step { n: 0 }).await;
        let run = fleet.next_run().await;
        let other = fleet.enqueue(company, &Ping { n: 0 }).await;
        run.end(Ok(Done::Result(Some("\"a\0b\"".to_owned()))));
        fleet.next_run().await;
        worker.stop().await;
        assert_eq!(fleet.job(odd).await.result.as_deref(), Some("\"ab\""));
        assert_eq!(fleet.job(other).await.state.name(), "succeeded");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_ends_at_the_server_when_its_try_would_be_over() {
    guarded(async {
        let mut fleet = Services::new().await;
        let worker = fleet.worker(1).await;
        fleet.enqueue(CompanyId::new(), &Hangs { n: 0 }).await;
        let run = fleet.next_run().await;
        let mut tx = run.cx.begin().await.unwrap();
        let ended = sqlx::query!("select pg_sleep(3600)")
            .execute(&mut *tx)
            .await
            .unwrap_err();
        assert_eq!(
            ended.as_database_error().unwrap().code().as_deref(),
            Some("57014"),
            "{ended}"
        );
        worker.stop().await;
    })
    .await;
}
