//! The ways in: alone through the enqueuer, many at once, over one another's keys.

use std::collections::HashSet;

use futures::future::join_all;
use platform::ids::CompanyId;
use platform::queue::Enqueuer;

use crate::support::{Once, Ping, Services, company_job, guarded};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_at_the_same_time_share_commits_and_each_gets_its_own_job() {
    guarded(async {
        let fleet = Services::new().await;
        let enqueuer = Enqueuer::start(&fleet.test.db);
        let company = CompanyId::new();
        let jobs: Vec<_> = (0..500)
            .map(|n| company_job(company, &Ping { n }))
            .collect();
        let asked: Vec<_> = jobs.iter().map(|job| job.id).collect();
        let answers = join_all(jobs.into_iter().map(|job| enqueuer.enqueue(job))).await;
        let given: Vec<_> = answers
            .into_iter()
            .map(|answer| answer.unwrap().id())
            .collect();
        assert_eq!(given, asked);
        let commits = sqlx::query_scalar!("select distinct xmin::text from job_bodies")
            .fetch_all(&mut fleet.test.owner().await)
            .await
            .unwrap();
        assert!(
            commits.len() < 250,
            "{} commits for 500 jobs",
            commits.len()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payload_that_postgres_refuses_fails_alone() {
    guarded(async {
        let fleet = Services::new().await;
        let enqueuer = Enqueuer::start(&fleet.test.db);
        let company = CompanyId::new();
        let jobs = (0..100).map(|n| {
            let mut job = company_job(company, &Ping { n });
            if n == 50 {
                job.args = "\0".to_owned();
            }
            job
        });
        let answers = join_all(jobs.map(|job| enqueuer.enqueue(job))).await;
        let refused: Vec<_> = (0..100).filter(|n| answers[*n].is_err()).collect();
        assert_eq!(refused, [50]);
        let ids: HashSet<_> = answers
            .into_iter()
            .flatten()
            .map(platform::queue::Enqueued::id)
            .collect();
        assert_eq!(ids.len(), 99);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_name_one_key_get_one_job() {
    guarded(async {
        let fleet = Services::new().await;
        let enqueuer = Enqueuer::start(&fleet.test.db);
        let company = CompanyId::new();
        let answers =
            join_all((0..200).map(|_| enqueuer.enqueue(company_job(company, &Once { n: 1 }))))
                .await;
        let ids: HashSet<_> = answers
            .into_iter()
            .map(|answer| answer.unwrap().id())
            .collect();
        assert_eq!(ids.len(), 1);
        let id = ids.into_iter().next().unwrap();
        fleet.enqueue(company, &Once { n: 1 }).await;
        let told = fleet.timeline(id).await;
        assert_eq!(told[..2], ["enqueued", "deduplicated"]);
        assert_eq!(fleet.enqueue(company, &Once { n: 1 }).await, id);
        assert_eq!(fleet.timeline(id).await, told, "it is told once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_that_name_the_same_keys_in_another_order_do_not_block_each_other() {
    guarded(async {
        let fleet = Services::new().await;
        let company = CompanyId::new();
        let batch = |reversed: bool| {
            let mut jobs: Vec<_> = (0..200)
                .map(|n| company_job(company, &Once { n }))
                .collect();
            if reversed {
                jobs.reverse();
            }
            fleet.enqueue_all(jobs)
        };
        for _ in 0..10 {
            let (mut forth, mut back) = tokio::join!(batch(false), batch(true));
            back.reverse();
            assert_eq!(forth, back);
            forth.dedup();
            assert_eq!(forth.len(), 200);
        }
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_gone_is_told_to_every_caller() {
    guarded(async {
        let fleet = Services::new().await;
        let enqueuer = Enqueuer::start(&fleet.test.db);
        fleet.test.db.close().await;
        let company = CompanyId::new();
        let answers =
            join_all((0..50).map(|n| enqueuer.enqueue(company_job(company, &Ping { n })))).await;
        assert!(answers.iter().all(Result::is_err));
    })
    .await;
}
