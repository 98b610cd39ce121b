//! Enqueueing: alone through the enqueuer, in bulk, and with conflicting keys.

use std::collections::HashSet;

use futures::future::join_all;
use platform::ids::CompanyId;
use platform::queue::Enqueuer;

use crate::support::{Once, Ping, TestFleet, company_job, guarded};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_callers_share_commits_and_each_gets_its_own_job() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let enqueuer = Enqueuer::start(&fleet.test.db);
        let company = CompanyId::new();
        let jobs: Vec<_> = (0..500)
            .map(|n| company_job(company, &Ping { n }))
            .collect();
        let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
        let results = join_all(jobs.into_iter().map(|job| enqueuer.enqueue(job))).await;
        let enqueued: Vec<_> = results
            .into_iter()
            .map(|result| result.unwrap().id())
            .collect();
        assert_eq!(enqueued, ids);
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
async fn a_payload_rejected_by_postgres_fails_alone() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let enqueuer = Enqueuer::start(&fleet.test.db);
        let company = CompanyId::new();
        let jobs = (0..100).map(|n| {
            let mut job = company_job(company, &Ping { n });
            if n == 50 {
                job.args = "\0".to_owned();
            }
            job
        });
        let results = join_all(jobs.map(|job| enqueuer.enqueue(job))).await;
        let rejected: Vec<_> = (0..100).filter(|n| results[*n].is_err()).collect();
        assert_eq!(rejected, [50]);
        let ids: HashSet<_> = results
            .into_iter()
            .flatten()
            .map(platform::queue::Enqueued::id)
            .collect();
        assert_eq!(ids.len(), 99);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_with_the_same_key_get_the_same_job() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let enqueuer = Enqueuer::start(&fleet.test.db);
        let company = CompanyId::new();
        let results =
            join_all((0..200).map(|_| enqueuer.enqueue(company_job(company, &Once { n: 1 }))))
                .await;
        let ids: HashSet<_> = results
            .into_iter()
            .map(|result| result.unwrap().id())
            .collect();
        assert_eq!(ids.len(), 1);
        let id = ids.into_iter().next().unwrap();
        fleet.enqueue(company, &Once { n: 1 }).await;
        let timeline = fleet.load_timeline(id).await;
        assert_eq!(timeline[..2], ["enqueued", "deduplicated"]);
        assert_eq!(fleet.enqueue(company, &Once { n: 1 }).await, id);
        assert_eq!(
            fleet.load_timeline(id).await,
            timeline,
            "the duplicate is recorded once"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_with_the_same_keys_in_another_order_do_not_deadlock() {
    guarded(async {
        let fleet = TestFleet::start().await;
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
async fn every_caller_gets_an_error_when_the_database_is_gone() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let enqueuer = Enqueuer::start(&fleet.test.db);
        fleet.test.db.close().await;
        let company = CompanyId::new();
        let results =
            join_all((0..50).map(|n| enqueuer.enqueue(company_job(company, &Ping { n })))).await;
        assert!(results.iter().all(Result::is_err));
    })
    .await;
}
