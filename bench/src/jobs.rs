//! `jobs`: enqueueing one by one and in bulk, draining with results kept, idle latency. 500-byte
//! payloads, 20 companies.

use std::time::{Duration, Instant};

use platform::db::Db;
use platform::ids::CompanyId;
use platform::queue::Enqueuer;
use platform::queue::NewJob;

use crate::engine::{Engine, make_pings};

const PAYLOAD_BYTES: usize = 480;
/// Jobs that a process may run at once.
const SLOTS: usize = 1_000;
const DRAIN_JOBS: usize = 150_000;
const IDLE_JOBS: usize = 500;

/// Measurements of other queues from the design phase (two cores shared by all processes, no-op
/// jobs), for comparison. Only ratios within one machine are comparable.
const OTHER_QUEUES: &str = "
elsewhere, on a machine of the same size    one by one/s  bulk/s   drain/s  idle p50/p99 ms  result in Postgres
Celery 5.7 on Redis, 2 processes                   1,900       -       890    2.4 / 3.0      no
Sidekiq 6.4, 10 threads                            6,200  104,000    4,500    0.6 / 1.4      no
BullMQ 6.7, concurrency 50                         5,800   26,700   18,800    1 / 3          no
graphile-worker 0.17 on Postgres                     930   52,000   26,400    3 / 7          no (rows deleted)
apalis-redis 1.0, batches of 100                  22,000   80,000   30,000   10.6 / 20       no
FastAPI, SQLAlchemy and Celery, by POST              780        -      745      -            yes
trial of this engine's shape                           -  215,000  108,000   0.55 / 0.86     yes";

pub(crate) async fn run_jobs(backends: &[&str]) -> anyhow::Result<()> {
    // First, because Postgres still writes and vacuums for a while after the drains.
    run_idle(backends).await?;
    let companies = make_companies();
    measure_single_enqueue(&companies).await?;
    for round in 1..=3 {
        for backend in backends {
            measure_drain(&companies, round, backend).await?;
        }
    }
    println!("{OTHER_QUEUES}");
    Ok(())
}

/// `idle`: only the latency, three times.
pub(crate) async fn run_idle(backends: &[&str]) -> anyhow::Result<()> {
    for round in 1..=3 {
        for backend in backends {
            measure_latency(&make_companies(), round, backend).await?;
        }
    }
    Ok(())
}

fn make_companies() -> Vec<CompanyId> {
    (0..20).map(|_| CompanyId::new()).collect()
}

async fn measure_single_enqueue(companies: &[CompanyId]) -> anyhow::Result<()> {
    let engine = Engine::new(256, "vigie").await?;
    let enqueuer = Enqueuer::start(&engine.test.db);
    let jobs = make_pings(40_000, companies, PAYLOAD_BYTES);
    let started = Instant::now();
    let mut tasks = Vec::new();
    for chunk in jobs.chunks(jobs.len() / 64 + 1) {
        let (enqueuer, chunk) = (enqueuer.clone(), chunk.to_vec());
        tasks.push(platform::task::spawn_named("client", async move {
            for job in chunk {
                enqueuer.enqueue(job).await?;
            }
            Ok::<_, sqlx::Error>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    print_rate(
        "enqueue one by one, 64 callers, durable",
        jobs.len(),
        started.elapsed(),
    );
    Ok(())
}

async fn enqueue_in_bulk(db: &Db, jobs: Vec<NewJob>) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let mut jobs = jobs.into_iter();
    loop {
        let batch: Vec<_> = jobs.by_ref().take(1_000).collect();
        if batch.is_empty() {
            return Ok(started.elapsed());
        }
        let mut tx = db.begin_engine().await?;
        tx.enqueue_all(batch).await?;
        tx.commit().await?;
    }
}

async fn measure_drain(companies: &[CompanyId], round: usize, backend: &str) -> anyhow::Result<()> {
    let mut engine = Engine::new(SLOTS, backend).await?;
    let elapsed = enqueue_in_bulk(
        &engine.test.db,
        make_pings(DRAIN_JOBS, companies, PAYLOAD_BYTES),
    )
    .await?;
    print_rate(
        &format!("{round}: bulk enqueue, 1,000 a transaction"),
        DRAIN_JOBS,
        elapsed,
    );
    sqlx::query!("checkpoint")
        .execute(&mut engine.test.owner().await)
        .await?;
    let started = Instant::now();
    let workers = engine.start_workers().await?;
    engine.wait_started(DRAIN_JOBS).await?;
    workers.stop().await;
    print_rate(
        &format!("{round}: drain over {backend}, results kept"),
        DRAIN_JOBS,
        started.elapsed(),
    );
    require_success(&engine, DRAIN_JOBS).await?;

    let mut engine = Engine::new(SLOTS, backend).await?;
    let workers = engine.start_workers().await?;
    let jobs = make_pings(DRAIN_JOBS, companies, PAYLOAD_BYTES);
    let started = Instant::now();
    let db = engine.test.db.clone();
    let inserting =
        platform::task::spawn_named("insert", async move { enqueue_in_bulk(&db, jobs).await });
    engine.wait_started(DRAIN_JOBS).await?;
    workers.stop().await;
    print_rate(
        &format!("{round}: drain over {backend} while as many are enqueued"),
        DRAIN_JOBS,
        started.elapsed(),
    );
    inserting.await??;
    require_success(&engine, DRAIN_JOBS).await
}

async fn measure_latency(
    companies: &[CompanyId],
    round: usize,
    backend: &str,
) -> anyhow::Result<()> {
    let mut engine = Engine::new(64, backend).await?;
    let workers = engine.start_workers().await?;
    let mut waits = Vec::new();
    for n in 0..IDLE_JOBS {
        tokio::time::sleep(Duration::from_millis(5 + n as u64 % 10)).await;
        let mut tx = engine.test.db.begin_engine().await?;
        tx.enqueue_all(make_pings(1, &companies[n % 20..=n % 20], PAYLOAD_BYTES))
            .await?;
        tx.commit().await?;
        let committed = Instant::now();
        let started = engine
            .started
            .recv()
            .await
            .ok_or_else(|| anyhow::anyhow!("the engine has stopped"))?;
        waits.push(started.saturating_duration_since(committed));
    }
    workers.stop().await;
    waits.sort();
    let at =
        |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!(
        "{round}: idle over {backend}, commit to handler start: \
         p50 {:.2} ms, p99 {:.2} ms, worst {:.2} ms (n = {IDLE_JOBS})",
        at(0.5),
        at(0.99),
        at(1.0),
    );
    Ok(())
}

/// Fails unless every job succeeded in one attempt.
async fn require_success(engine: &Engine, count: usize) -> anyhow::Result<()> {
    let row = sqlx::query!(
        r#"select count(*) as "finished!",
                  count(*) filter (where attempt = 1 and state = 'succeeded' and result is not null)
                    as "succeeded!",
                  (select count(*) from jobs_open) as "open!"
           from jobs_finished"#
    )
    .fetch_one(&mut engine.test.owner().await)
    .await?;
    let expected = i64::try_from(count)?;
    anyhow::ensure!(
        (row.finished, row.succeeded, row.open) == (expected, expected, 0),
        "lost or doubled: {row:?}"
    );
    Ok(())
}

fn print_rate(what: &str, count: usize, elapsed: Duration) {
    println!(
        "{what}: {:.0}/s ({count} in {:.2} s)",
        count as f64 / elapsed.as_secs_f64(),
        elapsed.as_secs_f64()
    );
}
