//! Redis flushed, killed, restarted, away, full, or giving an id twice: nothing is lost or doubled.

use std::collections::BTreeMap;

use platform::ids::{CompanyId, JobId};
use platform::queue::registry::new_job;
use workers::QueueBackend;

use crate::support::{Ping, Run, Services, Step, TestRedis, World, company_job};

over_both_backends!(
    flushing_redis_loses_and_doubles_nothing,
    redis_killed_and_restarted_empty_while_jobs_run_loses_and_doubles_nothing,
    redis_restarted_with_what_it_held_doubles_nothing,
    without_redis_work_goes_on_from_postgres_until_it_comes,
    a_redis_that_is_full_stops_no_work,
    an_id_delivered_again_while_its_job_runs_and_after_runs_nothing,
    ids_popped_and_never_claimed_come_back,
    a_job_whose_transaction_commits_after_younger_ones_ran_runs_too,
);

/// A worker with one slot that a first job fills, and `count` jobs behind it in Redis.
async fn backlog(fleet: &mut Services, count: u64) -> (workers::Workers<World>, Run, Vec<JobId>) {
    let mut changes = fleet.changes().await;
    let worker = fleet.worker(1).await;
    fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
    let first = fleet.next_run().await;
    let ids = pings(fleet, count).await;
    changes.until_holds(ids.len()).await;
    (worker, first, ids)
}

async fn pings(fleet: &Services, count: u64) -> Vec<JobId> {
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
async fn all_run(fleet: &mut Services, ids: &[JobId]) {
    for _ in ids {
        let run = fleet.next_run().await;
        assert!(ids.contains(&run.cx.job_id()));
    }
}

/// No body ran more often than its job ended, and nothing is left.
async fn assert_each_ended_once(fleet: &mut Services) {
    assert!(fleet.runs_so_far().is_empty(), "a job ran twice");
    let mut owner = fleet.test.owner().await;
    let states = sqlx::query!(
        r#"select 'ready' as "place!", count(*) as "jobs!" from jobs_open
           union all select 'twice', count(*) from jobs_finished where fence <> 1 or attempt <> 1
           union all select 'badly', count(*) from jobs_finished where state <> 'succeeded'"#,
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
    let mut fleet = Services::over(backend).await;
    let (worker, first, ids) = backlog(&mut fleet, 200).await;
    let mut changes = fleet.changes().await;
    fleet.redis.flush().await;
    changes.until_holds(ids.len()).await;
    first.succeed();
    all_run(&mut fleet, &ids).await;
    worker.stop().await;
    assert_each_ended_once(&mut fleet).await;
}

async fn redis_killed_and_restarted_empty_while_jobs_run_loses_and_doubles_nothing(
    backend: QueueBackend,
) {
    let mut fleet = Services::over(backend).await;
    let (worker, first, mut ids) = backlog(&mut fleet, 100).await;
    fleet.redis.kill();
    first.succeed();
    all_run(&mut fleet, &ids).await;
    ids = pings(&fleet, 100).await;
    fleet.redis.restart_empty();
    all_run(&mut fleet, &ids).await;
    worker.stop().await;
    assert_each_ended_once(&mut fleet).await;
}

async fn redis_restarted_with_what_it_held_doubles_nothing(backend: QueueBackend) {
    let mut fleet = Services::over(backend).await;
    let (worker, first, ids) = backlog(&mut fleet, 100).await;
    fleet.redis.kill();
    first.succeed();
    all_run(&mut fleet, &ids).await;
    // It holds every id of the jobs that are over.
    fleet.redis.restart();
    let mut changes = fleet.changes().await;
    changes.until_empty().await;
    let more = pings(&fleet, 50).await;
    all_run(&mut fleet, &more).await;
    worker.stop().await;
    assert_each_ended_once(&mut fleet).await;
}

async fn without_redis_work_goes_on_from_postgres_until_it_comes(backend: QueueBackend) {
    let mut fleet = Services::with(TestRedis::away(), backend).await;
    let worker = fleet.worker(1).await;
    let ids = pings(&fleet, 50).await;
    all_run(&mut fleet, &ids).await;
    fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
    let first = fleet.next_run().await;
    let ids = pings(&fleet, 50).await;
    fleet.redis.restart();
    // The relay comes back by itself.
    fleet.changes().await.until_holds(50).await;
    first.succeed();
    all_run(&mut fleet, &ids).await;
    worker.stop().await;
    assert_each_ended_once(&mut fleet).await;
}

async fn a_redis_that_is_full_stops_no_work(backend: QueueBackend) {
    let mut fleet = Services::over(backend).await;
    fleet.redis.set("maxmemory", "1").await;
    let worker = fleet.worker(4).await;
    let ids = pings(&fleet, 50).await;
    all_run(&mut fleet, &ids).await;
    worker.stop().await;
    assert_each_ended_once(&mut fleet).await;
}

async fn an_id_delivered_again_while_its_job_runs_and_after_runs_nothing(backend: QueueBackend) {
    let mut fleet = Services::over(backend).await;
    let mut changes = fleet.changes().await;
    let worker = fleet.worker(2).await;
    let id = fleet.enqueue(CompanyId::new(), &Step { n: 0 }).await;
    let run = fleet.next_run().await;
    fleet.redis.deliver(id).await;
    changes.until_empty().await;
    let mut watch = fleet.watch().await;
    run.succeed();
    watch.until(id, "succeeded").await;
    fleet.redis.deliver(id).await;
    changes.until_empty().await;
    let more = pings(&fleet, 4).await;
    all_run(&mut fleet, &more).await;
    worker.stop().await;
    assert_each_ended_once(&mut fleet).await;
}

async fn ids_popped_and_never_claimed_come_back(backend: QueueBackend) {
    let mut fleet = Services::over(backend).await;
    let (worker, first, ids) = backlog(&mut fleet, 50).await;
    let mut changes = fleet.changes().await;
    assert!(fleet.redis.take_all().await + fleet.ahead() >= 50);
    changes.until_holds(50).await;
    first.succeed();
    all_run(&mut fleet, &ids).await;
    worker.stop().await;
    assert_each_ended_once(&mut fleet).await;
}

async fn a_job_whose_transaction_commits_after_younger_ones_ran_runs_too(backend: QueueBackend) {
    let mut fleet = Services::over(backend).await;
    let worker = fleet.worker(2).await;
    let company = CompanyId::new();
    let mut slow = fleet.test.db.begin_engine().await.unwrap();
    let late = slow
        .enqueue(new_job::<World, Ping>(Some(company), &Ping { n: 1 }))
        .await
        .unwrap()
        .id();
    let early = pings(&fleet, 3).await;
    all_run(&mut fleet, &early).await;
    slow.commit().await.unwrap();
    assert_eq!(fleet.next_run().await.cx.job_id(), late);
    worker.stop().await;
    assert_each_ended_once(&mut fleet).await;
}
