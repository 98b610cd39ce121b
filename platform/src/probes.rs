//! Readiness probes: Postgres, Redis, the age of the queue, and the age of the scheduler's last
//! check.

use redis::aio::ConnectionManager;
use serde::Serialize;

use crate::db::Db;
use crate::queue::view::{self, QueueDepth};

/// A due job that waits this long, in a queue of which no job runs, means that no worker works.
const MAX_QUEUE_AGE_SECONDS: f64 = 300.0;
/// The scheduler checks every few seconds.
const MAX_SCHEDULER_AGE_SECONDS: f64 = 60.0;

/// One dependency's state.
#[derive(Debug, Clone, Serialize)]
pub struct Probe {
    pub name: &'static str,
    pub ok: bool,
    pub detail: String,
}

/// Runs every probe; an error is a result. A Redis that is down is reported and counts as ok,
/// because work goes on without it.
pub async fn run_probes(db: &Db, redis: Option<&ConnectionManager>) -> Vec<Probe> {
    let (postgres, queue, scheduler) =
        tokio::join!(probe_postgres(db), probe_queue(db), probe_scheduler(db));
    let mut probes = vec![postgres, queue, scheduler];
    if let Some(connection) = redis {
        probes.push(probe_redis(connection.clone()).await);
    }
    probes
}

async fn probe_postgres(db: &Db) -> Probe {
    let version = sqlx::query_scalar!(r#"select version() as "version!""#)
        .fetch_one(db.app())
        .await;
    build_probe("postgres", version.map(|version| (true, version)))
}

async fn probe_queue(db: &Db) -> Probe {
    let depths = view::load_queue_depths(db.engine()).await;
    build_probe("queue", depths.map(|depths| describe_queues(&depths)))
}

async fn probe_scheduler(db: &Db) -> Probe {
    let age = view::load_scheduler_age(db.engine()).await;
    let state = age.map(|age| match age {
        Some(age) => (
            age < MAX_SCHEDULER_AGE_SECONDS,
            format!("last seen {age:.0} s ago"),
        ),
        None => (false, "never seen".to_owned()),
    });
    build_probe("scheduler", state)
}

async fn probe_redis(mut connection: ConnectionManager) -> Probe {
    let pong = redis::cmd("PING")
        .query_async::<String>(&mut connection)
        .await;
    let detail = match pong {
        Ok(_) => "answers".to_owned(),
        Err(cause) => format!("away, work goes on without it: {cause}"),
    };
    Probe {
        name: "redis",
        ok: true,
        detail,
    }
}

fn describe_queues(depths: &[QueueDepth]) -> (bool, String) {
    let oldest = depths.iter().map(|d| d.oldest_seconds).fold(0.0, f64::max);
    let is_stuck = depths
        .iter()
        .any(|d| d.running == 0 && d.oldest_seconds >= MAX_QUEUE_AGE_SECONDS);
    let open: Vec<_> = depths
        .iter()
        .map(|d| format!("{}: {} due, {} running", d.queue, d.due, d.running))
        .collect();
    (
        !is_stuck,
        format!("oldest {oldest:.0} s; {}", open.join("; ")),
    )
}

fn build_probe(name: &'static str, state: sqlx::Result<(bool, String)>) -> Probe {
    let (ok, detail) = state.unwrap_or_else(|cause| (false, cause.to_string()));
    Probe { name, ok, detail }
}
