//! What readiness looks at: Postgres, Redis, the age of the queue, the age of the scheduler's last
//! look.

use serde::Serialize;

use crate::db::Db;
use crate::queue::{Queue, view};

/// One dependency's state in words and figures.
#[derive(Debug, Clone, Serialize)]
pub struct Probe {
    pub name: &'static str,
    pub ok: bool,
    pub detail: String,
}

/// A due job that waits this long, in a queue of which nothing runs, means that nobody works.
const QUEUE_TOO_OLD_SECONDS: f64 = 300.0;
/// The scheduler looks every few seconds.
const SCHEDULER_TOO_OLD_SECONDS: f64 = 60.0;

/// Looks at everything; never fails, an error is an answer. Redis down is shown and is no reason to
/// be taken out: work goes on without it.
pub async fn look(db: &Db, redis: Option<&redis::aio::ConnectionManager>) -> Vec<Probe> {
    let (postgres, queue, scheduler) = tokio::join!(postgres(db), queue_age(db), scheduler_age(db));
    let mut probes = vec![postgres, queue, scheduler];
    if let Some(connection) = redis {
        probes.push(redis_ping(connection.clone()).await);
    }
    probes
}

async fn postgres(db: &Db) -> Probe {
    match sqlx::query_scalar!(r#"select version() as "version!""#)
        .fetch_one(db.app())
        .await
    {
        Ok(version) => Probe {
            name: "postgres",
            ok: true,
            detail: version,
        },
        Err(cause) => Probe {
            name: "postgres",
            ok: false,
            detail: cause.to_string(),
        },
    }
}

async fn queue_age(db: &Db) -> Probe {
    let name = "queue";
    match view::depths(db.engine()).await {
        Ok(depths) => {
            let oldest = depths.iter().map(|d| d.oldest_seconds).fold(0.0, f64::max);
            let is_stuck = depths
                .iter()
                .any(|d| d.running == 0 && d.oldest_seconds >= QUEUE_TOO_OLD_SECONDS);
            let open: Vec<_> = depths
                .iter()
                .map(|d| {
                    let queue = Queue::from_code(d.queue).map_or("unknown", Queue::name);
                    format!("{queue}: {} due, {} running", d.due, d.running)
                })
                .collect();
            let detail = format!("oldest {oldest:.0} s; {}", open.join("; "));
            Probe {
                name,
                ok: !is_stuck,
                detail,
            }
        }
        Err(cause) => Probe {
            name,
            ok: false,
            detail: cause.to_string(),
        },
    }
}

async fn scheduler_age(db: &Db) -> Probe {
    let name = "scheduler";
    let age = view::scheduler_age(db.engine()).await;
    match age {
        Ok(Some(age)) => Probe {
            name,
            ok: age < SCHEDULER_TOO_OLD_SECONDS,
            detail: format!("last seen {age:.0} s ago"),
        },
        Ok(None) => Probe {
            name,
            ok: false,
            detail: "never seen".to_owned(),
        },
        Err(cause) => Probe {
            name,
            ok: false,
            detail: cause.to_string(),
        },
    }
}

async fn redis_ping(mut connection: redis::aio::ConnectionManager) -> Probe {
    let name = "redis";
    match redis::cmd("PING")
        .query_async::<String>(&mut connection)
        .await
    {
        Ok(_) => Probe {
            name,
            ok: true,
            detail: "answers".to_owned(),
        },
        Err(cause) => Probe {
            name,
            ok: true,
            detail: format!("away, work goes on without it: {cause}"),
        },
    }
}
