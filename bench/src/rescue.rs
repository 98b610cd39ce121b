//! `rescue`: how soon a job runs again after the process that ran it was killed with SIGKILL. Each
//! round starts worker processes of one slot, waits until each runs a job that never ends by itself,
//! kills them, and times each job's next start in a worker that lives.

use std::collections::HashMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use platform::ids::{CompanyId, JobId};
use platform::queue::{Done, Job, JobContext, JobResult, NewJob, Queue, Registry};
use platform::testing::TestDb;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgListener;

const AT_ONCE: usize = 10;
/// Told by each start: `<job id> <attempt>`.
const STARTED: &str = "bench_started";

/// Hangs on its first try, ends on the next.
#[derive(Serialize, Deserialize)]
pub(crate) struct Hang {}

impl Job<()> for Hang {
    const NAME: &'static str = "bench.hang";
    const QUEUE: Queue = Queue::Fast;
    const TIMEOUT: Duration = Duration::from_secs(600);

    async fn run(self, cx: JobContext<()>) -> JobResult {
        let mut tx = cx.begin().await?;
        let started = format!("{} {}", cx.job_id(), cx.attempt());
        sqlx::query_scalar!(r#"select pg_notify($1, $2)::text"#, STARTED, started)
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        if cx.attempt() == 1 {
            std::future::pending::<()>().await;
        }
        Ok(Done::empty())
    }
}

/// The worker process that is killed, or that lives: `bench worker`, configured by its environment.
pub(crate) async fn worker() -> anyhow::Result<()> {
    use platform::config::Env;
    use platform::db::{Db, DbConfig};
    let mut env = Env::from_process();
    let config = workers::WorkerConfig::from_env(&mut env);
    let db = Db::connect(&DbConfig::small(env.secret("DATABASE_URL"))).await?;
    env.finish()?;
    let registry = std::sync::Arc::new(Registry::new().with::<Hang>());
    let _workers =
        workers::WorkerProcess::start(config, &db, registry, std::sync::Arc::new(())).await?;
    std::future::pending::<()>().await;
    Ok(())
}

pub(crate) async fn run(kills: usize) -> anyhow::Result<()> {
    let mut waits = Vec::new();
    let test = TestDb::new().await;
    let namespace = format!("bench-{}", uuid::Uuid::new_v4().simple());
    let mut listener = PgListener::connect_with(test.db.engine()).await?;
    listener.listen(STARTED).await?;
    while waits.len() < kills {
        waits.extend(round(&test, &namespace, &mut listener).await?);
        println!("{} of {kills} kills", waits.len());
    }
    waits.sort();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64();
    println!(
        "SIGKILL to running again: p50 {:.2} s, p99 {:.2} s, worst {:.2} s (n = {}, heartbeat 2 s)",
        at(0.5),
        at(0.99),
        at(1.0),
        waits.len(),
    );
    Ok(())
}

async fn round(
    test: &TestDb,
    namespace: &str,
    listener: &mut PgListener,
) -> anyhow::Result<Vec<Duration>> {
    let company = CompanyId::new();
    let mut doomed: Vec<Child> = Vec::new();
    for _ in 0..AT_ONCE {
        doomed.push(start_worker(test, namespace)?);
        let mut tx = test.db.begin_engine().await?;
        tx.enqueue(NewJob::new::<(), _, _>(company, &Hang {}))
            .await?;
        tx.commit().await?;
    }
    for _ in 0..AT_ONCE {
        started(listener).await?;
    }
    let mut survivor = start_worker(test, namespace)?;
    let killed = Instant::now();
    for child in &mut doomed {
        child.kill()?;
        child.wait()?;
    }
    let mut again = HashMap::new();
    while again.len() < AT_ONCE {
        let (job, attempt) = started(listener).await?;
        anyhow::ensure!(attempt == 2, "attempt {attempt} of {job}");
        anyhow::ensure!(
            again.insert(job, killed.elapsed()).is_none(),
            "{job} ran again twice"
        );
    }
    survivor.kill()?;
    survivor.wait()?;
    Ok(again.into_values().collect())
}

fn start_worker(test: &TestDb, namespace: &str) -> anyhow::Result<Child> {
    use secrecy::ExposeSecret as _;
    Ok(Command::new(std::env::current_exe()?)
        .arg("worker")
        .env("DATABASE_URL", test.url().expose_secret())
        .env("VIGIE_QUEUE_NAMESPACE", namespace)
        .env("VIGIE_SLOTS_FAST", "1")
        .stdout(Stdio::null())
        .spawn()?)
}

async fn started(listener: &mut PgListener) -> anyhow::Result<(JobId, i16)> {
    let told = tokio::time::timeout(Duration::from_secs(60), listener.recv()).await??;
    let (id, attempt) = told
        .payload()
        .split_once(' ')
        .ok_or_else(|| anyhow::anyhow!("{}", told.payload()))?;
    Ok((id.parse()?, attempt.parse()?))
}
