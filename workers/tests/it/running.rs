//! The ordinary way: jobs run once, fairly, and leave their result.

use std::collections::{BTreeMap, HashSet};

use platform::ids::CompanyId;
use workers::QueueBackend;

use crate::support::{Ping, Platform, Renamed, Services, Step, company_job, platform_job};

over_both_backends!(
    a_job_runs_once_and_its_result_is_kept,
    two_thousand_jobs_of_twenty_companies_all_end_exactly_once,
    a_quiet_companys_first_job_starts_before_the_backlog_of_a_noisy_one,
    a_platform_job_runs_without_a_company,
    what_an_older_release_enqueued_runs_on_todays_registry,
);

async fn a_job_runs_once_and_its_result_is_kept(backend: QueueBackend) {
    let mut fleet = Services::over(backend).await;
    let worker = fleet.worker(4).await;
    let id = fleet.enqueue(CompanyId::new(), &Ping { n: 7 }).await;
    let run = fleet.next_run().await;
    assert_eq!((run.cx.job_id(), run.cx.attempt(), run.n), (id, 1, 7));
    worker.stop().await;
    let job = fleet.job(id).await;
    assert_eq!((job.state.name(), job.attempt), ("succeeded", 1));
    assert_eq!(job.result.as_deref(), Some(r#"{"n":7}"#));
    assert_eq!(
        fleet.timeline(id).await,
        ["enqueued", "started", "succeeded"]
    );
    assert!(fleet.runs_so_far().is_empty());
}

async fn two_thousand_jobs_of_twenty_companies_all_end_exactly_once(backend: QueueBackend) {
    let mut fleet = Services::over(backend).await;
    let workers = [fleet.worker(16).await, fleet.worker(16).await];
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
    let left = sqlx::query!(
        r#"select (select count(*) from jobs_open) as "ready!",
                  (select count(*) from jobs_finished where state = 'succeeded' and attempt = 1 and fence = 1) as "done!",
                  (select count(*) from jobs_finished) as "finished!""#,
    )
    .fetch_one(&mut fleet.test.owner().await)
    .await
    .unwrap();
    assert_eq!((left.ready, left.done, left.finished), (0, 2_000, 2_000));
}

async fn a_quiet_companys_first_job_starts_before_the_backlog_of_a_noisy_one(
    backend: QueueBackend,
) {
    let mut fleet = Services::over(backend).await;
    let mut changes = fleet.changes().await;
    let worker = fleet.worker(1).await;
    changes.until_going().await;
    let (noisy, quiet) = (CompanyId::new(), CompanyId::new());
    fleet.enqueue(noisy, &Step { n: 0 }).await;
    let first = fleet.next_run().await;
    fleet
        .enqueue_all((1..=300).map(|n| company_job(noisy, &Step { n })).collect())
        .await;
    changes.until_holds(300).await;
    let asked = fleet.enqueue(quiet, &Ping { n: 0 }).await;
    changes.until_queued(asked).await;
    first.succeed();
    let mut went_first = Vec::new();
    loop {
        let run = fleet.next_run().await;
        if run.cx.job_id() == asked {
            break;
        }
        went_first.push(run.n);
        run.succeed();
    }
    // Its tie in score, those in hand, and those popped together with it, which the crate puts in the order of ids.
    let together = fleet.ahead().saturating_sub(1);
    assert!(
        went_first.len() <= 1 + fleet.ahead() + together,
        "jobs {went_first:?} of the noisy company went first"
    );
    fleet.redis.take_all().await;
    drop(worker);
}

async fn a_platform_job_runs_without_a_company(backend: QueueBackend) {
    let mut fleet = Services::over(backend).await;
    let worker = fleet.worker(1).await;
    let id = fleet
        .enqueue_all(vec![platform_job(&Platform { n: 0 })])
        .await[0];
    let run = fleet.next_run().await;
    let tx = run.cx.begin().await.unwrap();
    let done = run.cx.finish(tx, serde_json::json!("done")).await;
    run.end(done);
    worker.stop().await;
    assert_eq!(fleet.job(id).await.state.name(), "succeeded");
}

async fn what_an_older_release_enqueued_runs_on_todays_registry(backend: QueueBackend) {
    let mut fleet = Services::over(backend).await;
    let worker = fleet.worker(1).await;
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
        let job = fleet.job(id).await;
        assert_eq!(
            (job.state.name(), job.kind.as_str(), job.attempt),
            ("succeeded", stored, 1)
        );
    }
}
