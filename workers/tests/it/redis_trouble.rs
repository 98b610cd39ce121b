//! Redis flushed, killed, restarted, away or full, or an id delivered twice: no job is lost or run
//! twice.

use std::collections::BTreeMap;

use platform::ids::{CompanyId, JobId};
use workers::QueueBackend;

use crate::support::{Ping, Run, Step, TestFleet, TestRedis, TestServices, company_job};

over_both_backends!(
    flushing_redis_loses_and_doubles_nothing,
    redis_killed_and_restarted_empty_while_jobs_run_loses_and_doubles_nothing,
    redis_restarted_with_its_old_data_doubles_nothing,
    without_redis_jobs_come_from_postgres_until_redis_is_back,
    a_full_redis_stops_no_job,
    an_id_delivered_twice_runs_its_job_once,
    ids_popped_and_never_claimed_are_pushed_again,
    a_job_committed_after_younger_jobs_ran_runs_too,
);

/// Starts a worker whose only slot is filled by a first job, with `count` jobs behind it in Redis.
async fn start_with_backlog(
    fleet: &mut TestFleet,
    count: u64,
) -> (workers::WorkerProcess<TestServices>, Run, Vec<JobId>) {
    let mut changes = fleet.watch_redis().await;
    let worker = fleet.start_worker(1).await;
    fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
    let first = fleet.next_run().await;
    let ids = enqueue_pings(fleet, count).await;
    changes.until_holds(ids.len()).await;
    (worker, first, ids)
}

async fn enqueue_pings(fleet: &TestFleet, count: u64) -> Vec<JobId> {
    let company = CompanyId::new();
    fleet
        .enqueue_all(
            (0..count)
                .map(|n| company_job(company, &Ping { n }))
                .collect(),
        )
        .await
}

/// Waits until each of `ids` has run.
async fn wait_for_runs(fleet: &mut TestFleet, ids: &[JobId]) {
    for _ in ids {
        let run = fleet.next_run().await;
        assert!(ids.contains(&run.cx.job_id()));
    }
}

/// Asserts that every job ran once, succeeded, and left no open row.
async fn assert_each_ended_once(fleet: &mut TestFleet) {
    assert!(fleet.runs_so_far().is_empty(), "a job ran twice");
    let mut owner = fleet.test.owner().await;
    let states = sqlx::query!(
        r#"select 'ready' as "place!", count(*) as "jobs!" from jobs_open
           union all select 'twice', count(*) from jobs_finished where fence <> 1 or attempt <> 1
           union all select 'failed', count(*) from jobs_finished where state <> 'succeeded'"#,
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let states: BTreeMap<_, _> = states
        .into_iter()
        .map(|row| (row.place, row.jobs))
        .collect();
    assert!(states.values().all(|jobs| *jobs == 0), "{states:?}");
}

async fn flushing_redis_loses_and_doubles_nothing(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let (worker, first, ids) = start_with_backlog(&mut fleet, 200).await;
    let mut changes = fleet.watch_redis().await;
    fleet.redis.flush().await;
    changes.until_holds(ids.len()).await;
    first.succeed();
    wait_for_runs(&mut fleet, &ids).await;
    worker.stop().await;
    assert_each_ended_once(&mut fleet).await;
}

async fn redis_killed_and_restarted_empty_while_jobs_run_loses_and_doubles_nothing(
    backend: QueueBackend,
) {
    let mut fleet = TestFleet::start_on(backend).await;
    let (worker, first, mut ids) = start_with_backlog(&mut fleet, 100).await;
    fleet.redis.kill();
    first.succeed();
    wait_for_runs(&mut fleet, &ids).await;
    ids = enqueue_pings(&fleet, 100).await;
    fleet.redis.restart_empty();
    wait_for_runs(&mut fleet, &ids).await;
    worker.stop().await;
    assert_each_ended_once(&mut fleet).await;
}

async fn redis_restarted_with_its_old_data_doubles_nothing(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let (worker, first, ids) = start_with_backlog(&mut fleet, 100).await;
    fleet.redis.kill();
    first.succeed();
    wait_for_runs(&mut fleet, &ids).await;
    // Redis still holds the ids of the finished jobs.
    fleet.redis.restart();
    let mut changes = fleet.watch_redis().await;
    changes.until_empty().await;
    let more = enqueue_pings(&fleet, 50).await;
    wait_for_runs(&mut fleet, &more).await;
    worker.stop().await;
    assert_each_ended_once(&mut fleet).await;
}

async fn without_redis_jobs_come_from_postgres_until_redis_is_back(backend: QueueBackend) {
    let mut fleet = TestFleet::start_with_redis(TestRedis::away(), backend).await;
    let worker = fleet.start_worker(1).await;
    let ids = enqueue_pings(&fleet, 50).await;
    wait_for_runs(&mut fleet, &ids).await;
    fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
    let first = fleet.next_run().await;
    let ids = enqueue_pings(&fleet, 50).await;
    fleet.redis.restart();
    fleet.watch_redis().await.until_holds(50).await;
    first.succeed();
    wait_for_runs(&mut fleet, &ids).await;
    worker.stop().await;
    assert_each_ended_once(&mut fleet).await;
}

async fn a_full_redis_stops_no_job(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    fleet.redis.set("maxmemory", "1").await;
    let worker = fleet.start_worker(4).await;
    let ids = enqueue_pings(&fleet, 50).await;
    wait_for_runs(&mut fleet, &ids).await;
    worker.stop().await;
    assert_each_ended_once(&mut fleet).await;
}

async fn an_id_delivered_twice_runs_its_job_once(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let mut changes = fleet.watch_redis().await;
    let worker = fleet.start_worker(2).await;
    let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
    let run = fleet.next_run().await;
    fleet.redis.deliver_id(id).await;
    changes.until_empty().await;
    let mut watch = fleet.watch_rows().await;
    run.succeed();
    watch.until(id, "succeeded").await;
    fleet.redis.deliver_id(id).await;
    changes.until_empty().await;
    let more = enqueue_pings(&fleet, 4).await;
    wait_for_runs(&mut fleet, &more).await;
    worker.stop().await;
    assert_each_ended_once(&mut fleet).await;
}

async fn ids_popped_and_never_claimed_are_pushed_again(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let (worker, first, ids) = start_with_backlog(&mut fleet, 50).await;
    let mut changes = fleet.watch_redis().await;
    assert!(fleet.redis.pop_all().await + fleet.max_ids_ahead() >= 50);
    changes.until_holds(50).await;
    first.succeed();
    wait_for_runs(&mut fleet, &ids).await;
    worker.stop().await;
    assert_each_ended_once(&mut fleet).await;
}

async fn a_job_committed_after_younger_jobs_ran_runs_too(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let worker = fleet.start_worker(2).await;
    let company = CompanyId::new();
    let mut slow = fleet.test.db.begin_engine().await.unwrap();
    let late = slow
        .enqueue(company_job(company, &Ping { n: 1 }))
        .await
        .unwrap()
        .id();
    let early = enqueue_pings(&fleet, 3).await;
    wait_for_runs(&mut fleet, &early).await;
    slow.commit().await.unwrap();
    assert_eq!(fleet.next_run().await.cx.job_id(), late);
    worker.stop().await;
    assert_each_ended_once(&mut fleet).await;
}
