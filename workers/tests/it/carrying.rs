//! What is apalis-redis's alone: what it is given that isn't ours, and what it leaves behind.

use platform::ids::CompanyId;
use workers::QueueBackend;

use crate::support::{Ping, Services, company_job, guarded};

async fn run_pings(fleet: &mut Services, count: u64) {
    let company = CompanyId::new();
    let ids = fleet
        .enqueue_all(
            (0..count)
                .map(|n| company_job(company, &Ping { n }))
                .collect(),
        )
        .await;
    for _ in &ids {
        assert!(ids.contains(&fleet.next_run().await.cx.job_id()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payload_that_is_no_id_and_an_id_without_data_stop_no_work() {
    guarded(async {
        let mut fleet = Services::over(QueueBackend::ApalisRedis).await;
        let mut changes = fleet.changes().await;
        let worker = fleet.worker(4).await;
        run_pings(&mut fleet, 10).await;
        fleet.redis.carry_junk().await;
        changes.until_empty().await;
        run_pings(&mut fleet, 100).await;
        changes.until_forgotten().await;
        worker.stop().await;
        assert!(fleet.runs_so_far().is_empty(), "a job ran twice");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_jobs_that_are_done_stays_in_redis() {
    guarded(async {
        let mut fleet = Services::over(QueueBackend::ApalisRedis).await;
        let mut changes = fleet.changes().await;
        let worker = fleet.worker(4).await;
        run_pings(&mut fleet, 300).await;
        changes.until_forgotten().await;
        worker.stop().await;
        assert_eq!(changes.workers().await, 0);
    })
    .await;
}
