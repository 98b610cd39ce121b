//! A database per test, copied from a migrated template that is created once per set of migrations.

use std::str::FromStr as _;
use std::sync::mpsc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use platform::db::{Db, DbConfig, MIGRATIONS};

/// Any number that no one else locks.
const TEMPLATE_LOCK: i64 = 0x0056_6967_6965;

/// A migrated database, dropped with the value.
#[derive(Debug)]
pub struct TestDb {
    pub db: Db,
    name: String,
    admin: PgConnectOptions,
}

impl TestDb {
    pub async fn new() -> Self {
        let (admin, mut conn) = connect_to_server().await;
        let template = require_template(&mut conn, &admin).await;
        Self::copy_from(&template, admin, conn).await
    }

    /// Creates a database without tables. The roles exist, because they belong to the server.
    pub async fn unmigrated() -> Self {
        let (admin, mut conn) = connect_to_server().await;
        require_template(&mut conn, &admin).await;
        Self::copy_from("template0", admin, conn).await
    }

    async fn copy_from(template: &str, admin: PgConnectOptions, mut conn: PgConnection) -> Self {
        let name = format!("vigie_test_{}", Uuid::new_v4().simple());
        execute_sql(
            &mut conn,
            format!("create database {name} template {template}"),
        )
        .await;
        conn.close().await.expect("the connection closes");
        let config = DbConfig::small(admin.clone().database(&name).to_url_lossy().to_string());
        let db = Db::connect(&config)
            .await
            .expect("the new database answers");
        Self { db, name, admin }
    }

    /// Returns the database's URL, for processes that a test starts.
    pub fn url(&self) -> SecretString {
        self.admin
            .clone()
            .database(&self.name)
            .to_url_lossy()
            .to_string()
            .into()
    }

    /// Connects as the owner of the tables, whom row-level security doesn't restrict.
    pub async fn owner(&self) -> PgConnection {
        PgConnectOptions::from_str(self.url().expose_secret())
            .expect("made from options")
            .connect()
            .await
            .expect("the test server answers")
    }

    /// Advances the engine's clock.
    pub async fn advance(&self, by: Duration) {
        sqlx::query!(
            "update engine_clock set shift = shift + make_interval(secs => $1)",
            by.as_secs_f64()
        )
        .execute(&mut self.owner().await)
        .await
        .expect("the clock advances");
    }
}

impl Drop for TestDb {
    /// Drops the database on a thread of its own and waits for at most a second. The test's
    /// runtime is blocked meanwhile, and the server waits for connections that this runtime has
    /// half opened. The server completes the drop even if nobody waits for it.
    fn drop(&mut self) {
        let sql = format!("drop database if exists {} with (force)", self.name);
        let admin = self.admin.clone();
        let (sender, dropped) = mpsc::channel();
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
            sender.send(()).map_err(std::io::Error::other)
        });
        let _ = dropped.recv_timeout(Duration::from_secs(1));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test command passes the server in the environment"
)]
async fn connect_to_server() -> (PgConnectOptions, PgConnection) {
    let url = std::env::var("DATABASE_URL")
        .expect("DATABASE_URL names the test server: run `cargo xtask test`");
    let admin = PgConnectOptions::from_str(&url).expect("DATABASE_URL is a Postgres URL");
    let conn = admin.connect().await.expect("the test server answers");
    (admin, conn)
}

/// Returns the name of the template for these migrations. The first caller creates it.
async fn require_template(conn: &mut PgConnection, admin: &PgConnectOptions) -> String {
    let mut digest = Vec::new();
    for migration in MIGRATIONS.iter() {
        digest.extend_from_slice(&migration.checksum);
    }
    let name = format!(
        "vigie_template_{}",
        &hex::encode(platform::crypto::hash_sha256(&digest))[..16]
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
        execute_sql(
            conn,
            format!("drop database if exists {building} with (force)"),
        )
        .await;
        execute_sql(conn, format!("create database {building}")).await;
        let mut building_conn = admin
            .clone()
            .database(&building)
            .connect()
            .await
            .expect("the template answers");
        MIGRATIONS
            .run(&mut building_conn)
            .await
            .expect("the migrations apply");
        building_conn.close().await.expect("the connection closes");
        execute_sql(conn, format!("alter database {building} rename to {name}")).await;
    }
    sqlx::query!("select pg_advisory_unlock($1)", TEMPLATE_LOCK)
        .fetch_one(&mut *conn)
        .await
        .expect("it was locked");
    name
}

async fn execute_sql(conn: &mut PgConnection, sql: String) {
    conn.execute(AssertSqlSafe(sql.clone()))
        .await
        .unwrap_or_else(|cause| panic!("{sql}: {cause}"));
}
