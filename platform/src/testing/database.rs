//! A database per test, copied from a migrated template that is made once per set of migrations.

use std::str::FromStr as _;
use std::sync::mpsc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use crate::db::{Db, DbConfig, MIGRATIONS};

/// Any number that nobody else locks.
const TEMPLATE_LOCK: i64 = 0x0056_6967_6965;

/// A fresh, migrated database; dropped with the value.
#[derive(Debug)]
pub struct TestDb {
    pub db: Db,
    name: String,
    admin: PgConnectOptions,
}

impl TestDb {
    /// # Panics
    /// Without a usable `DATABASE_URL`.
    pub async fn new() -> Self {
        let (admin, mut conn) = server().await;
        let template = template(&mut conn, &admin).await;
        Self::copy_of(&template, admin, conn).await
    }

    /// Without a table. The roles are there: they are the server's, not the database's.
    ///
    /// # Panics
    /// As [`TestDb::new`].
    pub async fn unmigrated() -> Self {
        let (admin, mut conn) = server().await;
        template(&mut conn, &admin).await;
        Self::copy_of("template0", admin, conn).await
    }

    async fn copy_of(template: &str, admin: PgConnectOptions, mut conn: PgConnection) -> Self {
        let name = format!("vigie_test_{}", Uuid::new_v4().simple());
        run(
            &mut conn,
            format!("create database {name} template {template}"),
        )
        .await;
        conn.close().await.expect("the connection closes");
        let config = DbConfig::small(admin.clone().database(&name).to_url_lossy().to_string());
        let db = Db::connect(&config)
            .await
            .expect("the fresh database answers");
        Self { db, name, admin }
    }

    /// The database's URL, for processes that a test starts.
    pub fn url(&self) -> SecretString {
        self.admin
            .clone()
            .database(&self.name)
            .to_url_lossy()
            .to_string()
            .into()
    }

    /// A connection as the tables' owner, past row-level security: to look from outside.
    ///
    /// # Panics
    /// Where the server is gone.
    pub async fn owner(&self) -> PgConnection {
        PgConnectOptions::from_str(self.url().expose_secret())
            .expect("made from options")
            .connect()
            .await
            .expect("the test server answers")
    }

    /// Moves the engine's clock.
    ///
    /// # Panics
    /// Where the server is gone.
    pub async fn advance(&self, by: Duration) {
        sqlx::query!(
            "update engine_clock set shift = shift + make_interval(secs => $1)",
            by.as_secs_f64()
        )
        .execute(&mut self.owner().await)
        .await
        .expect("the clock moves");
    }
}

impl Drop for TestDb {
    /// On a thread of its own, and waited for no longer than usual: the test's runtime stands still
    /// meanwhile, and the server drops nothing before each connection that this runtime has half made is
    /// made. The server goes on with what it was told, whether anybody waits or not.
    fn drop(&mut self) {
        let sql = format!("drop database if exists {} with (force)", self.name);
        let admin = self.admin.clone();
        let (done, dropped) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async move {
                let mut conn = admin.connect().await.map_err(std::io::Error::other)?;
                conn.execute(AssertSqlSafe(sql))
                    .await
                    .map_err(std::io::Error::other)
            })?;
            done.send(()).map_err(std::io::Error::other)
        });
        let _ = dropped.recv_timeout(Duration::from_secs(1));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests find the server where the command left it"
)]
async fn server() -> (PgConnectOptions, PgConnection) {
    let url = std::env::var("DATABASE_URL")
        .expect("DATABASE_URL names the test server: run `cargo xtask test`");
    let admin = PgConnectOptions::from_str(&url).expect("DATABASE_URL is a Postgres URL");
    let conn = admin.connect().await.expect("the test server answers");
    (admin, conn)
}

/// The name of the template for these migrations; made by whoever comes first.
async fn template(conn: &mut PgConnection, admin: &PgConnectOptions) -> String {
    let mut digest = Vec::new();
    for migration in MIGRATIONS.iter() {
        digest.extend_from_slice(&migration.checksum);
    }
    let name = format!(
        "vigie_template_{}",
        &hex::encode(crate::crypto::sha256(&digest))[..16]
    );
    sqlx::query!("select pg_advisory_lock($1)", TEMPLATE_LOCK)
        .execute(&mut *conn)
        .await
        .expect("the lock is free");
    let exists = sqlx::query_scalar!("select count(*) from pg_database where datname = $1", name)
        .fetch_one(&mut *conn)
        .await
        .expect("the catalogue answers");
    if exists == Some(0) {
        let building = format!("{name}_building");
        run(
            conn,
            format!("drop database if exists {building} with (force)"),
        )
        .await;
        run(conn, format!("create database {building}")).await;
        let mut fresh = admin
            .clone()
            .database(&building)
            .connect()
            .await
            .expect("the template answers");
        MIGRATIONS
            .run(&mut fresh)
            .await
            .expect("the migrations apply");
        fresh.close().await.expect("the connection closes");
        run(conn, format!("alter database {building} rename to {name}")).await;
    }
    sqlx::query!("select pg_advisory_unlock($1)", TEMPLATE_LOCK)
        .fetch_one(&mut *conn)
        .await
        .expect("it was locked");
    name
}

async fn run(conn: &mut PgConnection, sql: String) {
    conn.execute(AssertSqlSafe(sql.clone()))
        .await
        .unwrap_or_else(|cause| panic!("{sql}: {cause}"));
}
