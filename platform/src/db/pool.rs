//! The pools and their connections: roles, limits and plans.

use std::time::Duration;

use log::LevelFilter;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

/// The deadline of the engine's statements. They take milliseconds, or as long as `lock_timeout`
/// when they wait for a row.
pub(crate) const STATEMENT_DEADLINE: Duration = Duration::from_secs(20);

/// A connection that was idle for longer is tested before use.
const MAX_UNTESTED_IDLE: Duration = Duration::from_secs(1);

const USAGE_REPORT_EVERY: Duration = Duration::from_secs(5);

/// Slower statements are logged. Merging a range of a large import takes a few seconds.
const SLOW_STATEMENT: Duration = Duration::from_secs(10);

/// Adds a role and limits to a connection's options. The role is a start-up option, so that even
/// `reset role` returns to it.
///
/// The server ends a transaction that is idle for 12 s, because its process is frozen or cut off.
/// The limit is shorter than `lock_timeout`, so that a statement that waits for the rows gets them.
/// Running statements, COPY included, don't count as idle. A job that computes for longer does so
/// outside its transaction.
///
/// The server ends a statement within 5 s once its client is gone, because the retry of the job
/// would wait for its locks.
pub(super) fn with_role(options: &PgConnectOptions, role: &str) -> PgConnectOptions {
    options
        .clone()
        .log_slow_statements(LevelFilter::Warn, SLOW_STATEMENT)
        .options([
            ("role", role),
            ("lock_timeout", "15s"),
            ("idle_in_transaction_session_timeout", "12s"),
            ("client_connection_check_interval", "5s"),
            ("jit", "off"),
        ])
}

/// Pins the plans of claims, which find rows by id, and of the relay, which reads an index in
/// order.
///
/// While statistics are young, the planner may choose to read the whole table for either. A
/// backlog of n jobs then costs n², and 150,000 jobs drained at two thirds of the rate. A disabled
/// scan has a cost that starts the JIT compiler, hence `jit` above: it made a claim of 1 ms take
/// 400.
pub(super) fn with_pinned_plans(options: PgConnectOptions) -> PgConnectOptions {
    options.options([
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_bitmapscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
    ])
}

/// Opens a pool. A busy connection isn't tested before use, which would cost each statement a round
/// trip. An idle one is: after a restart of Postgres every pooled connection is broken, and a job
/// could get one at each of its attempts.
pub(super) async fn open_pool(options: PgConnectOptions, connections: u32) -> sqlx::Result<PgPool> {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                if meta.idle_for > MAX_UNTESTED_IDLE {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await
}

/// Runs statements on one connection, which is dropped if they aren't done by the deadline: the
/// server may be gone, and TCP alone would wait for a quarter of an hour.
///
/// # Errors
/// After a timeout, an I/O error. Whether the statements took effect is then unknown.
pub async fn with_deadline<T>(
    pool: &PgPool,
    deadline: Duration,
    statement: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
) -> sqlx::Result<T> {
    let mut connection = pool.acquire().await?;
    match tokio::time::timeout(deadline, statement(&mut connection)).await {
        Ok(result) => result,
        Err(_) => {
            drop(connection.detach());
            Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))
        }
    }
}

/// Reports how many connections of a pool are busy and idle, until the pool is closed.
pub(super) fn report_pool_usage(role: &'static str, pool: PgPool) {
    crate::task::spawn_named("pool usage", async move {
        let mut ticks = tokio::time::interval(USAGE_REPORT_EVERY);
        loop {
            tokio::select! {
                () = pool.close_event() => return,
                _ = ticks.tick() => {}
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
