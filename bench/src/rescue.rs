//! `rescue`: the time from the SIGKILL of a worker process to the next attempt of its job. Each
//! round starts worker processes of one slot, waits until each runs a job that hangs, kills them,
//! and times the next attempt of each job in a worker that lives.

use std::collections::HashMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use platform::ids::{CompanyId, JobId};
use platform::queue::{Done, Job, JobContext, JobResult, NewJob, Queue, Registry};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgListener;
use testing::TestDb;

const KILLS_AT_ONCE: usize = 10;
/// The channel on which each attempt notifies `<job id> <attempt>`.
const STARTED_CHANNEL: &str = "bench_started";

/// Hangs on its first attempt and succeeds on the next.
#[derive(Serialize, Deserialize)]
pub(crate) struct Hang {}

impl Job<()> for Hang {
    const NAME: &'static str = "bench.hang";
    const QUEUE: Queue = Queue::Fast;
    const TIMEOUT: Duration = Duration::from_secs(600);

    async fn run(self, cx: JobContext<()>) -> JobResult {
        let mut tx = cx.begin().await?;
        let started = format!("{} {}", cx.job_id(), cx.attempt_number());
        sqlx::query_scalar!(
            r#"select pg_notify($1, $2)::text"#,
            STARTED_CHANNEL,
            started
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        if cx.attempt_number() == 1 {
            std::future::pending::<()>().await;
        }
        Ok(Done::empty())
    }
}

/// Runs `bench worker`, the process that is killed or lives, configured by its environment.
pub(crate) async fn run_worker() -> anyhow::Result<()> {
    use platform::config::Env;
    use platform::db::{Db, DbConfig};
    let mut env = Env::from_process();
    let config = workers::WorkerConfig::from_env(&mut env);
    let db = Db::connect(&DbConfig::small(env.read_secret("DATABASE_URL"))).await?;
    env.reject_problems()?;
    let registry = std::sync::Arc::new(Registry::new().with::<Hang>());
    let _workers =
        workers::WorkerProcess::start(config, &db, registry, std::sync::Arc::new(())).await?;
    std::future::pending::<()>().await;
    Ok(())
}

pub(crate) async fn run_rescue(kills: usize) -> anyhow::Result<()> {
    let mut waits = Vec::new();
    let test = TestDb::new().await;
    let namespace = format!("bench-{}", uuid::Uuid::new_v4().simple());
    let mut listener = PgListener::connect_with(test.db.engine()).await?;
    listener.listen(STARTED_CHANNEL).await?;
    while waits.len() < kills {
        waits.extend(run_round(&test, &namespace, &mut listener).await?);
        println!("{} of {kills} kills", waits.len());
    }
    waits.sort();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64();
    println!(
        "SIGKILL to next attempt: p50 {:.2} s, p99 {:.2} s, worst {:.2} s (n = {}, heartbeat 2 s)",
        at(0.5),
        at(0.99),
        at(1.0),
        waits.len(),
    );
    Ok(())
}

async fn run_round(
    test: &TestDb,
    namespace: &str,
    listener: &mut PgListener,
) -> anyhow::Result<Vec<Duration>> {
    let company = CompanyId::new();
    let mut doomed: Vec<Child> = Vec::new();
    for _ in 0..KILLS_AT_ONCE {
        doomed.push(start_worker(test, namespace)?);
        let mut tx = test.db.begin_engine().await?;
        tx.enqueue(NewJob::new::<(), _, _>(company, &Hang {}))
            .await?;
        tx.commit().await?;
    }
    for _ in 0..KILLS_AT_ONCE {
        next_start(listener).await?;
    }
    let mut survivor = start_worker(test, namespace)?;
    let killed = Instant::now();
    for child in &mut doomed {
        child.kill()?;
        child.wait()?;
    }
    let mut rescued = HashMap::new();
    while rescued.len() < KILLS_AT_ONCE {
        let (job, attempt) = next_start(listener).await?;
        anyhow::ensure!(attempt == 2, "attempt {attempt} of {job}");
        anyhow::ensure!(
            rescued.insert(job, killed.elapsed()).is_none(),
            "{job} was rescued twice"
        );
    }
    survivor.kill()?;
    survivor.wait()?;
    Ok(rescued.into_values().collect())
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

async fn next_start(listener: &mut PgListener) -> anyhow::Result<(JobId, i16)> {
    let notification = tokio::time::timeout(Duration::from_secs(60), listener.recv()).await??;
    let (id, attempt) = notification
        .payload()
        .split_once(' ')
        .ok_or_else(|| anyhow::anyhow!("{}", notification.payload()))?;
    Ok((id.parse()?, attempt.parse()?))
}
