//! `jobs`: enqueue alone and in bulk, drain with results kept, idle latency. 500-byte payloads, 20
//! companies, as in the table of ARCHITECTURE.md.

use std::time::{Duration, Instant};

use platform::db::Db;
use platform::ids::CompanyId;
use platform::queue::NewJob;
use platform::queue::batch::Enqueuer;

use crate::engine::{Engine, pings};

const PAYLOAD: usize = 480;
/// Jobs that a process may run at once.
const SLOTS: usize = 1_000;
const DRAIN: usize = 150_000;
const IDLE: usize = 500;

/// From the design's own measurements (two cores shared by all, no-op jobs), to stand beside ours: only ratios within
/// one machine say something.
const OTHERS: &str = "
elsewhere, on a machine of the same size    one by one/s  bulk/s   drain/s  idle p50/p99 ms  result in Postgres
Celery 5.7 on Redis, 2 processes                   1,900       -       890    2.4 / 3.0      no
Sidekiq 6.4, 10 threads                            6,200  104,000    4,500    0.6 / 1.4      no
BullMQ 6.7, concurrency 50                         5,800   26,700   18,800    1 / 3          no
graphile-worker 0.17 on Postgres                     930   52,000   26,400    3 / 7          no (rows deleted)
apalis-redis 1.0, batches of 100                  22,000   80,000   30,000   10.6 / 20       no
FastAPI, SQLAlchemy and Celery, by POST              780        -      745      -            yes
trial of this engine's shape                           -  215,000  108,000   0.55 / 0.86     yes";

pub(crate) async fn run(backends: &[&str]) -> anyhow::Result<()> {
    // First: what the drains leave to be written and vacuumed goes on for a while.
    idle(backends).await?;
    let companies = companies();
    single(&companies).await?;
    for round in 1..=3 {
        for backend in backends {
            drain(&companies, round, backend).await?;
        }
    }
    println!("{OTHERS}");
    Ok(())
}

/// `idle`: the latency alone, three times.
pub(crate) async fn idle(backends: &[&str]) -> anyhow::Result<()> {
    for round in 1..=3 {
        for backend in backends {
            latency(&companies(), round, backend).await?;
        }
    }
    Ok(())
}

fn companies() -> Vec<CompanyId> {
    (0..20).map(|_| CompanyId::new()).collect()
}

async fn single(companies: &[CompanyId]) -> anyhow::Result<()> {
    let engine = Engine::new(256, "vigie").await?;
    let enqueuer = Enqueuer::start(&engine.test.db);
    let jobs = pings(40_000, companies, PAYLOAD);
    let started = Instant::now();
    let mut tasks = Vec::new();
    for chunk in jobs.chunks(jobs.len() / 64 + 1) {
        let (enqueuer, chunk) = (enqueuer.clone(), chunk.to_vec());
        tasks.push(platform::task::spawn("client", async move {
            for job in chunk {
                enqueuer.enqueue(job).await?;
            }
            Ok::<_, sqlx::Error>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    report(
        "enqueue one by one, 64 callers, durable",
        jobs.len(),
        started.elapsed(),
    );
    Ok(())
}

async fn bulk(db: &Db, jobs: Vec<NewJob>) -> anyhow::Result<Duration> {
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

async fn drain(companies: &[CompanyId], round: usize, backend: &str) -> anyhow::Result<()> {
    let mut engine = Engine::new(SLOTS, backend).await?;
    let took = bulk(&engine.test.db, pings(DRAIN, companies, PAYLOAD)).await?;
    report(
        &format!("{round}: bulk enqueue, 1,000 a transaction"),
        DRAIN,
        took,
    );
    sqlx::query!("checkpoint")
        .execute(&mut engine.test.owner().await)
        .await?;
    let started = Instant::now();
    let workers = engine.workers().await?;
    engine.wait_started(DRAIN).await?;
    workers.stop().await;
    report(
        &format!("{round}: drain over {backend}, results kept"),
        DRAIN,
        started.elapsed(),
    );
    check(&engine, DRAIN).await?;

    let mut engine = Engine::new(SLOTS, backend).await?;
    let workers = engine.workers().await?;
    let jobs = pings(DRAIN, companies, PAYLOAD);
    let started = Instant::now();
    let db = engine.test.db.clone();
    let inserting = platform::task::spawn("insert", async move { bulk(&db, jobs).await });
    engine.wait_started(DRAIN).await?;
    workers.stop().await;
    report(
        &format!("{round}: drain over {backend} while as many are enqueued"),
        DRAIN,
        started.elapsed(),
    );
    inserting.await??;
    check(&engine, DRAIN).await
}

async fn latency(companies: &[CompanyId], round: usize, backend: &str) -> anyhow::Result<()> {
    let mut engine = Engine::new(64, backend).await?;
    let workers = engine.workers().await?;
    let mut waits = Vec::new();
    for n in 0..IDLE {
        tokio::time::sleep(Duration::from_millis(5 + n as u64 % 10)).await;
        let mut tx = engine.test.db.begin_engine().await?;
        tx.enqueue_all(pings(1, &companies[n % 20..=n % 20], PAYLOAD))
            .await?;
        tx.commit().await?;
        let committed = Instant::now();
        let started = engine
            .started
            .recv()
            .await
            .ok_or_else(|| anyhow::anyhow!("the engine is gone"))?;
        waits.push(started.saturating_duration_since(committed));
    }
    workers.stop().await;
    waits.sort();
    let at =
        |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!(
        "{round}: idle over {backend}, commit to handler start: p50 {:.2} ms, p99 {:.2} ms, worst {:.2} ms (n = {IDLE})",
        at(0.5),
        at(0.99),
        at(1.0),
    );
    Ok(())
}

/// Every job ended well, once.
async fn check(engine: &Engine, count: usize) -> anyhow::Result<()> {
    let row = sqlx::query!(
        r#"select count(*) as "kept!", count(*) filter (where attempt = 1 and state = 'succeeded' and result is not null) as "well!",
                  (select count(*) from jobs_open) as "left!" from jobs_finished"#
    )
    .fetch_one(&mut engine.test.owner().await)
    .await?;
    let expected = i64::try_from(count)?;
    anyhow::ensure!(
        (row.kept, row.well, row.left) == (expected, expected, 0),
        "lost or doubled: {row:?}"
    );
    Ok(())
}

fn report(what: &str, count: usize, took: Duration) {
    println!(
        "{what}: {:.0}/s ({count} in {:.2} s)",
        count as f64 / took.as_secs_f64(),
        took.as_secs_f64()
    );
}
