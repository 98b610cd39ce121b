//! Postgres connections by role, and the transaction that every statement runs in.
//!
//! Three pools: `app` under row-level security, `engine` for the queue's own tables, and `hot`, the
//! engine's few connections for claims and completions, whose plans are pinned.

mod constraint;
mod pool;

use std::ops::{Deref, DerefMut};
use std::str::FromStr as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{PgConnection, Postgres, Transaction};

use crate::config::Env;
use crate::ids::{CompanyId, UserId};
use crate::queue::{Enqueued, NewJob, RelayNotifier, enqueue_jobs};

pub use self::constraint::ConstraintExt;
pub use self::pool::{STATEMENT_DEADLINE, with_deadline};
use self::pool::{as_role, pinned, pool};

/// Every migration of the product, embedded.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// Where Postgres is and how many connections each pool may hold.
#[derive(Debug, Clone)]
pub struct DbConfig {
    pub url: SecretString,
    pub app_connections: u32,
    pub engine_connections: u32,
    pub hot_connections: u32,
}

impl DbConfig {
    pub fn from_env(env: &mut Env) -> Self {
        Self {
            url: env.secret("DATABASE_URL"),
            app_connections: env.parsed_or("VIGIE_DB_APP_CONNECTIONS", 20),
            engine_connections: env.parsed_or("VIGIE_DB_ENGINE_CONNECTIONS", 8),
            hot_connections: env.parsed_or("VIGIE_DB_HOT_CONNECTIONS", 6),
        }
    }

    /// Few connections each: tests run side by side against one server.
    pub fn small(url: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            app_connections: 6,
            engine_connections: 4,
            hot_connections: 4,
        }
    }
}

/// Whose rows a transaction of the application sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    company: Option<CompanyId>,
    user: Option<UserId>,
}

impl Scope {
    /// One company's rows: what jobs run with.
    pub fn company(company: CompanyId) -> Self {
        Self {
            company: Some(company),
            user: None,
        }
    }

    /// One company's rows, on behalf of one of its people.
    pub fn member(company: CompanyId, user: UserId) -> Self {
        Self {
            company: Some(company),
            user: Some(user),
        }
    }

    /// A person before a company is chosen: the person's memberships.
    pub fn user(user: UserId) -> Self {
        Self {
            company: None,
            user: Some(user),
        }
    }

    /// Nobody yet: registration and login.
    pub fn anonymous() -> Self {
        Self {
            company: None,
            user: None,
        }
    }
}

/// The pools, and the relay_notifier that tells the relay of new jobs.
#[derive(Debug, Clone)]
pub struct Db {
    app: PgPool,
    engine: PgPool,
    hot: PgPool,
    options: PgConnectOptions,
    relay_notifier: RelayNotifier,
}

impl Db {
    /// Opens the pools. Needs a Tokio runtime: the relay_notifier runs on it.
    ///
    /// # Errors
    /// A malformed URL, or a server that can't be reached.
    pub async fn connect(config: &DbConfig) -> sqlx::Result<Self> {
        let options =
            PgConnectOptions::from_str(config.url.expose_secret())?.application_name("vigie");
        let app = pool(as_role(&options, "vigie_app"), config.app_connections).await?;
        let engine = pool(as_role(&options, "vigie_engine"), config.engine_connections).await?;
        let hot = pool(
            pinned(as_role(&options, "vigie_engine")),
            config.hot_connections,
        )
        .await?;
        for (role, pool) in [("app", &app), ("engine", &engine), ("hot", &hot)] {
            pool::count(role, pool.clone());
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

    /// Begins a transaction of the application: row-level security shows it `scope` and no more.
    ///
    /// # Errors
    /// No connection within ten seconds, or one that breaks.
    pub async fn begin(&self, scope: Scope) -> sqlx::Result<Tx> {
        self.begin_within(scope, None).await
    }

    /// As [`Db::begin`]; the server ends each statement that runs longer than `limit`, so that one whose asker
    /// gave up doesn't go on holding its locks.
    ///
    /// # Errors
    /// As [`Db::begin`].
    pub(crate) async fn begin_within(
        &self,
        scope: Scope,
        limit: Option<Duration>,
    ) -> sqlx::Result<Tx> {
        let mut inner = self.app.begin().await?;
        let company = scope.company.map(|c| c.to_string()).unwrap_or_default();
        let user = scope.user.map(|u| u.to_string()).unwrap_or_default();
        sqlx::query!(
            "select set_config('app.company_id', $1, true) as company, set_config('app.user_id', $2, true) as person,
                    set_config('statement_timeout', coalesce($3, current_setting('statement_timeout')), true) as ends",
            company,
            user,
            // Zero would be none.
            limit.map(|limit| limit.as_millis().max(1).to_string()),
        )
        .fetch_one(&mut *inner)
        .await?;
        Ok(self.tx(inner))
    }

    /// Begins a transaction of the engine: its own tables, all companies.
    ///
    /// # Errors
    /// As [`Db::begin`].
    pub async fn begin_engine(&self) -> sqlx::Result<Tx> {
        Ok(self.tx(self.engine.begin().await?))
    }

    /// The engine's pool, for the queue and for webhook receipt.
    pub fn engine(&self) -> &PgPool {
        &self.engine
    }

    /// The engine's connections with pinned plans, for claims and completions.
    pub fn hot(&self) -> &PgPool {
        &self.hot
    }

    /// The application's pool, for statements on tables that hold no company's rows.
    pub fn app(&self) -> &PgPool {
        &self.app
    }

    /// How to open a connection of the engine outside the pools, to listen on.
    pub fn engine_options(&self) -> PgConnectOptions {
        as_role(&self.options, "vigie_engine")
    }

    /// The same with the plans of [`Db::hot`].
    pub fn hot_options(&self) -> PgConnectOptions {
        pinned(self.engine_options())
    }

    /// Tells the relay that jobs are due.
    pub fn notify_relay(&self) {
        self.relay_notifier.notify();
    }

    pub async fn close(&self) {
        tokio::join!(self.app.close(), self.engine.close(), self.hot.close());
    }

    fn tx(&self, inner: Transaction<'static, Postgres>) -> Tx {
        Tx {
            inner,
            relay_notifier: self.relay_notifier.clone(),
            notifies_relay: false,
        }
    }
}

/// One open transaction. Rolls back when dropped; jobs enqueued in it exist once it is committed.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, Postgres>,
    relay_notifier: RelayNotifier,
    notifies_relay: bool,
}

impl Tx {
    /// Enqueues one job with this transaction's writes.
    ///
    /// # Errors
    /// The database's; a taken unique key is no error but [`Enqueued::Existing`].
    pub async fn enqueue(&mut self, job: NewJob) -> sqlx::Result<Enqueued> {
        let enqueued = self.enqueue_all(vec![job]).await?;
        enqueued.into_iter().next().ok_or(sqlx::Error::RowNotFound)
    }

    /// Enqueues many jobs in one statement; answers in the same order.
    ///
    /// # Errors
    /// As [`Tx::enqueue`].
    pub async fn enqueue_all(&mut self, jobs: Vec<NewJob>) -> sqlx::Result<Vec<Enqueued>> {
        self.notifies_relay |= !jobs.is_empty();
        enqueue_jobs(&mut self.inner, &jobs).await
    }

    /// Makes the commit wake the relay: a job became due otherwise than by being enqueued.
    pub fn notify_relay_on_commit(&mut self) {
        self.notifies_relay = true;
    }

    /// Commits, and notifies_relay the relay where jobs were enqueued.
    ///
    /// # Errors
    /// The commit failed, or its outcome is unknown because the connection broke.
    pub async fn commit(self) -> sqlx::Result<()> {
        self.inner.commit().await?;
        if self.notifies_relay {
            self.relay_notifier.notify();
        }
        Ok(())
    }

    /// # Errors
    /// The connection broke; the transaction is rolled back all the same.
    pub async fn rollback(self) -> sqlx::Result<()> {
        self.inner.rollback().await
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}

/// The time by the database's clock; read once per request or job.
///
/// # Errors
/// The database's.
pub async fn now(conn: &mut PgConnection) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(r#"select engine_now() as "now!""#)
        .fetch_one(conn)
        .await
}

/// Applies the migrations as the tables' owner. Many may start at once: an advisory lock lets one in.
///
/// # Errors
/// A migration that fails or was changed after it had been applied.
pub async fn migrate(url: &SecretString) -> Result<(), sqlx::migrate::MigrateError> {
    let options = PgConnectOptions::from_str(url.expose_secret())?;
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await?;
    MIGRATIONS.run(&pool).await?;
    pool.close().await;
    Ok(())
}
