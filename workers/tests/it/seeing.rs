//! Who sees a job, and for how long it is kept.

use std::time::Duration;

use platform::db::Scope;
use platform::ids::CompanyId;
use platform::queue::view::{self, JobFilter};
use platform::queue::{JobError, retention};

use crate::support::{Ping, Services, Step, guarded};

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn another_companys_job_is_not_seen() {
    guarded(async {
        let fleet = Services::new().await;
        let (ours, theirs) = (CompanyId::new(), CompanyId::new());
        let id = fleet.enqueue(theirs, &Ping { n: 0 }).await;
        let filter = JobFilter {
            limit: 10,
            ..JobFilter::default()
        };
        for (company, seen) in [(ours, 0), (theirs, 1)] {
            let mut tx = fleet.test.db.begin(Scope::company(company)).await.unwrap();
            assert_eq!(view::list_jobs(&mut tx, &filter).await.unwrap().len(), seen);
            assert_eq!(
                view::find_job(&mut tx, id).await.unwrap().is_some(),
                seen == 1
            );
            assert_eq!(view::load_timeline(&mut tx, id).await.unwrap().len(), seen);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finished_jobs_are_forgotten_by_age_and_state() {
    guarded(async {
        let mut fleet = Services::new().await;
        let mut watch = fleet.watch().await;
        let worker = fleet.worker(1).await;
        let company = CompanyId::new();
        let done = fleet.enqueue(company, &Ping { n: 0 }).await;
        let dead = fleet.enqueue(company, &Step { n: 0 }).await;
        fleet.next_run().await;
        fleet.next_run().await.end(Err(JobError::fail("broken")));
        watch.until(done, "succeeded").await;
        watch.until(dead, "dead").await;
        worker.stop().await;
        let open = fleet.enqueue(company, &Ping { n: 1 }).await;
        let pool = fleet.test.db.engine();
        let mut seen = Vec::new();
        for _ in 0..3 {
            fleet.test.advance(DAY * 6).await;
            seen.push(retention::prune_jobs(pool, 100).await.unwrap());
        }
        assert_eq!(seen, [0, 1, 0], "done jobs stay a week");
        fleet.test.advance(DAY * 13).await;
        assert_eq!(retention::prune_jobs(pool, 100).await.unwrap(), 1, "failed ones a month");
        assert_eq!(fleet.job(open).await.state.name(), "queued");
        let left = sqlx::query_scalar!(
            r#"select (select count(*) from job_bodies) + (select count(*) from job_attempts) as "left!""#,
        )
        .fetch_one(&mut fleet.test.owner().await)
        .await
        .unwrap();
        assert_eq!(left, 1);
    })
    .await;
}
