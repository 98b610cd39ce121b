//! The apalis-redis backend alone: foreign tasks in it, and what it leaves in Redis.

use platform::ids::CompanyId;
use workers::QueueBackend;

use crate::support::{Ping, TestFleet, company_job, guarded};

async fn run_pings(fleet: &mut TestFleet, count: u64) {
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
async fn foreign_tasks_in_apalis_redis_stop_no_job() {
    guarded(async {
        let mut fleet = TestFleet::start_on(QueueBackend::ApalisRedis).await;
        let mut changes = fleet.watch_redis().await;
        let worker = fleet.start_worker(4).await;
        run_pings(&mut fleet, 10).await;
        fleet.redis.push_foreign_tasks().await;
        changes.until_empty().await;
        run_pings(&mut fleet, 100).await;
        changes.until_no_task_is_left().await;
        worker.stop().await;
        assert!(fleet.runs_so_far().is_empty(), "a job ran twice");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn done_jobs_leave_nothing_in_redis() {
    guarded(async {
        let mut fleet = TestFleet::start_on(QueueBackend::ApalisRedis).await;
        let mut changes = fleet.watch_redis().await;
        let worker = fleet.start_worker(4).await;
        run_pings(&mut fleet, 300).await;
        changes.until_no_task_is_left().await;
        worker.stop().await;
        assert_eq!(changes.count_workers().await, 0);
    })
    .await;
}
