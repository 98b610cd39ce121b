//! Jobs that succeed: each runs once, in fair order, and keeps its result.

use std::collections::{BTreeMap, HashSet};

use platform::ids::CompanyId;
use workers::QueueBackend;

use crate::support::{Ping, Renamed, Step, TestFleet, Upkeep, company_job, platform_job};

over_both_backends!(
    a_job_runs_once_and_its_result_is_kept,
    two_thousand_jobs_of_twenty_companies_each_run_once,
    the_first_job_of_an_idle_company_starts_before_the_backlog_of_a_busy_one,
    a_platform_job_runs_without_a_company,
    jobs_of_an_older_release_run_on_the_current_registry,
);

async fn a_job_runs_once_and_its_result_is_kept(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let worker = fleet.start_worker(4).await;
    let id = fleet.enqueue(CompanyId::new(), &Ping { n: 7 }).await;
    let run = fleet.next_run().await;
    assert_eq!(
        (run.cx.job_id(), run.cx.attempt_number(), run.n),
        (id, 1, 7)
    );
    worker.stop().await;
    let job = fleet.load_job(id).await;
    assert_eq!((job.state.name(), job.attempt), ("succeeded", 1));
    assert_eq!(job.result.as_deref(), Some(r#"{"n":7}"#));
    assert_eq!(
        fleet.load_timeline(id).await,
        ["enqueued", "started", "succeeded"]
    );
    assert!(fleet.runs_so_far().is_empty());
}

async fn two_thousand_jobs_of_twenty_companies_each_run_once(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let workers = [fleet.start_worker(16).await, fleet.start_worker(16).await];
    let companies: Vec<_> = (0..20).map(|_| CompanyId::new()).collect();
    let jobs = |round: u64| {
        (0..500)
            .map(|n| company_job(companies[n as usize % 20], &Ping { n: round * 500 + n }))
            .collect::<Vec<_>>()
    };
    let mut ids = HashSet::new();
    for round in 0..4 {
        ids.extend(fleet.enqueue_all(jobs(round)).await);
    }
    let mut ran = BTreeMap::new();
    for _ in 0..2_000 {
        let run = fleet.next_run().await;
        *ran.entry(run.cx.job_id()).or_insert(0) += 1;
    }
    for worker in workers {
        worker.stop().await;
    }
    assert!(fleet.runs_so_far().is_empty(), "more runs than jobs");
    assert_eq!(ran.keys().copied().collect::<HashSet<_>>(), ids);
    let counts = sqlx::query!(
        r#"select (select count(*) from jobs_open) as "ready!",
                  (select count(*) from jobs_finished where state = 'succeeded' and attempt = 1 and fence = 1) as "done!",
                  (select count(*) from jobs_finished) as "finished!""#,
    )
    .fetch_one(&mut fleet.test.owner().await)
    .await
    .unwrap();
    assert_eq!(
        (counts.ready, counts.done, counts.finished),
        (0, 2_000, 2_000)
    );
}

async fn the_first_job_of_an_idle_company_starts_before_the_backlog_of_a_busy_one(
    backend: QueueBackend,
) {
    let mut fleet = TestFleet::start_on(backend).await;
    let mut changes = fleet.watch_redis().await;
    let worker = fleet.start_worker(1).await;
    changes.until_up().await;
    let (busy, idle) = (CompanyId::new(), CompanyId::new());
    fleet.enqueue(busy, &Step { n: 0 }).await;
    let first = fleet.next_run().await;
    fleet
        .enqueue_all((1..=300).map(|n| company_job(busy, &Step { n })).collect())
        .await;
    changes.until_holds(300).await;
    let awaited = fleet.enqueue(idle, &Ping { n: 0 }).await;
    changes.until_queued(awaited).await;
    first.succeed();
    let mut overtakers = Vec::new();
    loop {
        let run = fleet.next_run().await;
        if run.cx.job_id() == awaited {
            break;
        }
        overtakers.push(run.n);
        run.succeed();
    }
    // One job ties in score, some are in hand already, and apalis-redis orders the jobs that are
    // popped together by id.
    let together = fleet.max_ids_ahead().saturating_sub(1);
    assert!(
        overtakers.len() <= 1 + fleet.max_ids_ahead() + together,
        "jobs {overtakers:?} of the busy company went first"
    );
    fleet.redis.pop_all().await;
    drop(worker);
}

async fn a_platform_job_runs_without_a_company(backend: QueueBackend) {
    let fleet = TestFleet::start_on(backend).await;
    let mut watch = fleet.watch_rows().await;
    let worker = fleet.start_worker(1).await;
    let id = fleet
        .enqueue_all(vec![platform_job(&Upkeep { n: 0 })])
        .await[0];
    watch.until(id, "succeeded").await;
    worker.stop().await;
}

async fn jobs_of_an_older_release_run_on_the_current_registry(backend: QueueBackend) {
    let mut fleet = TestFleet::start_on(backend).await;
    let worker = fleet.start_worker(1).await;
    let company = CompanyId::new();
    let mut renamed = company_job(company, &Renamed { n: 1 });
    renamed.kind = "test.former";
    let mut older = company_job(company, &Renamed { n: 0 });
    (older.version, older.args) = (1, r#"{"number": 2}"#.to_owned());
    let mut both = company_job(company, &Renamed { n: 0 });
    (both.kind, both.version, both.args) = ("test.former", 1, r#"{"number": 3}"#.to_owned());
    let ids = fleet.enqueue_all(vec![renamed, older, both]).await;
    let mut ran = BTreeMap::new();
    for _ in &ids {
        let run = fleet.next_run().await;
        ran.insert(run.n, run.cx.job_id());
    }
    worker.stop().await;
    assert!(ran.into_iter().eq([(1, ids[0]), (2, ids[1]), (3, ids[2])]));
    for (id, stored) in ids
        .into_iter()
        .zip(["test.former", "test.renamed", "test.former"])
    {
        let job = fleet.load_job(id).await;
        assert_eq!(
            (job.state.name(), job.kind.as_str(), job.attempt),
            ("succeeded", stored, 1)
        );
    }
}
