//! Postgres: the pools by role, and the transaction that every statement runs in.
//!
//! Three pools: `app` under row-level security, `engine` for the queue's own tables, and `hot`, the
//! engine's few connections for claims and outcomes, whose plans are pinned.

mod config;
mod constraint;
mod pool;
mod process_role;
mod tx;

use std::str::FromStr as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, PgConnection};

pub use self::config::DbConfig;
pub use self::constraint::ConstraintExt;
pub(crate) use self::pool::STATEMENT_DEADLINE;
pub use self::pool::with_deadline;
pub use self::process_role::require_process_role;
pub use self::tx::{Scope, Tx};

use self::pool::{open_pool, report_pool_usage, with_pinned_plans, with_role};
use crate::queue::RelayNotifier;
use crate::telemetry::TraceContext;

/// Every migration of the product, embedded.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// The pools, and the notifier of the relay.
#[derive(Debug, Clone)]
pub struct Db {
    app: PgPool,
    engine: PgPool,
    hot: PgPool,
    options: PgConnectOptions,
    relay_notifier: RelayNotifier,
}

impl Db {
    /// Opens the pools. Requires a Tokio runtime, on which the notifier runs.
    pub async fn connect(config: &DbConfig) -> sqlx::Result<Self> {
        let options =
            PgConnectOptions::from_str(config.url.expose_secret())?.application_name("vigie");
        let engine_options = with_role(&options, "vigie_engine");
        let hot_options = with_pinned_plans(engine_options.clone());
        let app = open_pool(with_role(&options, "vigie_app"), config.app_connections).await?;
        let engine = open_pool(engine_options, config.engine_connections).await?;
        let hot = open_pool(hot_options, config.hot_connections).await?;
        for (role, pool) in [("app", &app), ("engine", &engine), ("hot", &hot)] {
            report_pool_usage(role, pool.clone());
        }
        let relay_notifier = RelayNotifier::start(engine.clone());
        Ok(Self {
            app,
            engine,
            hot,
            options,
            relay_notifier,
        })
    }

    /// Begins a transaction of the application. Row-level security restricts it to `scope`.
    pub async fn begin(&self, scope: Scope) -> sqlx::Result<Tx> {
        self.begin_within(scope, None).await
    }

    /// Begins a transaction as [`Db::begin`] does. The server ends each statement that runs longer
    /// than `limit`, so that an abandoned statement releases its locks.
    pub(crate) async fn begin_within(
        &self,
        scope: Scope,
        limit: Option<Duration>,
    ) -> sqlx::Result<Tx> {
        let mut inner = self.app.begin().await?;
        let company = scope.company.map(|c| c.to_string()).unwrap_or_default();
        let user = scope.user.map(|u| u.to_string()).unwrap_or_default();
        sqlx::query!(
            "select set_config('app.company_id', $1, true) as company,
                    set_config('app.user_id', $2, true) as person,
                    set_config('app.request_id', $4, true) as request,
                    set_config('statement_timeout',
                               coalesce($3, current_setting('statement_timeout')),
                               true) as timeout",
            company,
            user,
            // Zero means no limit.
            limit.map(|limit| limit.as_millis().max(1).to_string()),
            TraceContext::current().request_id.unwrap_or_default(),
        )
        .fetch_one(&mut *inner)
        .await?;
        Ok(Tx::new(inner, self.relay_notifier.clone()))
    }

    /// Begins a transaction of the engine: its own tables, all companies.
    pub async fn begin_engine(&self) -> sqlx::Result<Tx> {
        let inner = self.engine.begin().await?;
        Ok(Tx::new(inner, self.relay_notifier.clone()))
    }

    /// The engine's pool, for the queue and for webhook receipt.
    pub fn engine(&self) -> &PgPool {
        &self.engine
    }

    /// The engine's connections with pinned plans, for claims and outcomes.
    pub fn hot(&self) -> &PgPool {
        &self.hot
    }

    /// The application's pool, for statements on tables that hold no company's rows.
    pub fn app(&self) -> &PgPool {
        &self.app
    }

    /// The options of a connection of the engine outside the pools, to listen on.
    pub fn engine_options(&self) -> PgConnectOptions {
        with_role(&self.options, "vigie_engine")
    }

    /// The options of a connection of the engine with the pinned plans of [`Db::hot`].
    pub fn hot_options(&self) -> PgConnectOptions {
        with_pinned_plans(self.engine_options())
    }

    /// Notifies the relay that jobs are due.
    pub fn notify_relay(&self) {
        self.relay_notifier.notify();
    }

    pub async fn close(&self) {
        tokio::join!(self.app.close(), self.engine.close(), self.hot.close());
    }
}

/// Returns the time by the database's clock; read once per request or job.
pub async fn load_now(conn: &mut PgConnection) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(r#"select engine_now() as "now!""#)
        .fetch_one(conn)
        .await
}

/// Connects as the engine, outside the pools.
pub async fn connect_engine(url: &SecretString) -> sqlx::Result<PgConnection> {
    let options = PgConnectOptions::from_str(url.expose_secret())?;
    with_role(&options, "vigie_engine").connect().await
}

/// Applies the migrations as the tables' owner. Processes that start at once wait for each other at
/// an advisory lock.
pub async fn run_migrations(url: &SecretString) -> Result<(), sqlx::migrate::MigrateError> {
    let options = PgConnectOptions::from_str(url.expose_secret())?;
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await?;
    MIGRATIONS.run(&pool).await?;
    pool.close().await;
    Ok(())
}
