//! How connections are made: their roles, limits and plans.

use std::time::Duration;

use log::LevelFilter;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

/// An answer to a claim or an end takes milliseconds, or as long as `lock_timeout` where it waits for a row.
pub const STATEMENT_DEADLINE: Duration = Duration::from_secs(20);

/// A connection that rested longer is looked at before it is used.
const RESTED: Duration = Duration::from_secs(1);

const COUNT_EVERY: Duration = Duration::from_secs(5);

/// Statements that are logged as slow; merging a range of a large import takes a few seconds.
const SLOW: Duration = Duration::from_secs(10);

/// The role comes with the connection, so that even `reset role` comes back to it.
///
/// A transaction that says nothing for 12 s is ended: its process is frozen, or cut off without a word.
/// Shorter than `lock_timeout`, so that whoever waits for its rows gets them, and about when the
/// rescuer has given its job to another. Statements that run, COPY among them, don't count; a body that
/// computes for longer does so outside its transaction. A statement whose process is gone is ended within 5 s: the
/// retry would wait for its locks.
pub(super) fn as_role(options: &PgConnectOptions, role: &str) -> PgConnectOptions {
    options
        .clone()
        .log_slow_statements(LevelFilter::Warn, SLOW)
        .options([
            ("role", role),
            ("lock_timeout", "15s"),
            ("idle_in_transaction_session_timeout", "12s"),
            ("client_connection_check_interval", "5s"),
            ("jit", "off"),
        ])
}

/// Claims name their rows by id, and the relay reads the next few of an index. Left alone, the planner
/// may read the whole table for either while its statistics are young: a backlog of n jobs then costs n²
/// (150,000 of them drained at two thirds of the rate). (A scan that is off has a cost that would start the JIT
/// compiler, hence `jit` above: it made a claim of one millisecond last 400.)
pub(super) fn pinned(options: PgConnectOptions) -> PgConnectOptions {
    options.options([
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_bitmapscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
    ])
}

/// A busy connection is used as it is: a look would cost every statement a round trip. One that rested
/// may have been cut meanwhile, and after a restart of Postgres there are as many of those as there were
/// connections: a job could meet one at each of its tries.
pub(super) async fn pool(options: PgConnectOptions, connections: u32) -> sqlx::Result<PgPool> {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                if meta.idle_for > RESTED {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await
}

/// Runs statements of the engine on one connection, which is given up where it stays silent: its server may be
/// gone without a word, and TCP alone would wait for a quarter of an hour. Whether they were carried out is
/// then unknown.
///
/// # Errors
/// The statement's, or a time-out as an error of the connection.
pub async fn with_deadline<T>(
    pool: &PgPool,
    within: Duration,
    statement: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
) -> sqlx::Result<T> {
    let mut connection = pool.acquire().await?;
    match tokio::time::timeout(within, statement(&mut connection)).await {
        Ok(answer) => answer,
        Err(_) => {
            drop(connection.detach());
            Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))
        }
    }
}

/// Tells how many of the pool's connections are busy and idle, until it is closed.
pub(super) fn count(role: &'static str, pool: PgPool) {
    crate::task::spawn("pool counter", async move {
        let mut looks = tokio::time::interval(COUNT_EVERY);
        loop {
            tokio::select! {
                () = pool.close_event() => return,
                _ = looks.tick() => {}
            }
            let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
            for (state, connections) in [("idle", idle), ("busy", pool.size().saturating_sub(idle))]
            {
                metrics::gauge!("vigie_db_pool_connections", "role" => role, "state" => state)
                    .set(connections);
            }
        }
    });
}
