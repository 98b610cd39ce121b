//! The probes of orchestrators: liveness, which depends on nothing, and readiness, which names each
//! failed check.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use platform::ids::Uuid;
use platform::queue::lease;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testing::TestRedis;

use crate::app::{TestApp, TestResponse};

async fn ask(app: &TestApp, path: &str) -> TestResponse {
    app.send_request(Request::get(path).body(Body::empty()).unwrap())
        .await
}

/// One check of the readiness probe: its result and its detail.
fn check<'a>(ready: &'a Value, name: &str) -> (bool, &'a str) {
    let checks = ready["checks"].as_array().unwrap();
    let found = checks
        .iter()
        .find(|check| check["name"] == name)
        .unwrap_or_else(|| panic!("no check {name}"));
    (
        found["ok"].as_bool().unwrap(),
        found["detail"].as_str().unwrap(),
    )
}

/// Records a heartbeat as the scheduler does each second.
async fn schedule(app: &TestApp) {
    assert!(
        lease::acquire_lease(app.db.db.engine(), "scheduler", Uuid::from_u128(1))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn without_redis_the_process_is_ready_and_reports_redis_as_away() {
    let app = TestApp::start().await;
    schedule(&app).await;
    let ready = ask(&app, "/health/ready").await.expect(200);
    assert_eq!(
        (&ready["ready"], &ready["providers"]),
        (&json!(true), &json!("sandbox"))
    );
    let (ok, detail) = check(&ready, "redis");
    assert!(
        ok && detail.starts_with("away, work goes on without it"),
        "{detail}"
    );
    assert!(check(&ready, "postgres").1.starts_with("PostgreSQL"));
    assert!(
        check(&ready, "scheduler").1.starts_with("last seen"),
        "{ready}"
    );
    assert_eq!(ready["checks"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn readiness_reports_when_redis_stops_and_returns() {
    let mut redis = TestRedis::start();
    let app = TestApp::start_with(redis.config(), |_| ()).await;
    schedule(&app).await;
    let redis_of = async || {
        let ready = ask(&app, "/health/ready").await.expect(200);
        let (ok, detail) = check(&ready, "redis");
        (ok, detail.split(',').next().unwrap().to_owned())
    };
    assert_eq!(redis_of().await, (true, "answers".to_owned()));
    redis.kill();
    assert_eq!(redis_of().await, (true, "away".to_owned()));
    redis.restart();
    assert_eq!(redis_of().await, (true, "answers".to_owned()));
}

#[tokio::test]
async fn without_a_scheduler_the_process_is_not_ready() {
    let app = TestApp::start().await;
    let ready = ask(&app, "/health/ready").await.expect(503);
    assert_eq!(
        (&ready["ready"], check(&ready, "scheduler")),
        (&json!(false), (false, "never seen"))
    );
    schedule(&app).await;
    ask(&app, "/health/ready").await.expect(200);
    // The heartbeat was not renewed.
    let stale = "update leases set until = until - interval '90 seconds'";
    sqlx::raw_sql(stale)
        .execute(&mut app.owner().await)
        .await
        .unwrap();
    let ready = ask(&app, "/health/ready").await.expect(503);
    let (ok, detail) = check(&ready, "scheduler");
    assert!(!ok && detail.starts_with("last seen"), "{detail}");
    ask(&app, "/health/live").await.expect(200);
}

#[tokio::test]
async fn without_workers_the_age_of_the_oldest_job_is_reported() {
    let app = TestApp::start().await;
    schedule(&app).await;
    let owner = app.with_company().await;
    owner
        .post("/jobs", json!({"kind": "ops.ping"}))
        .await
        .expect(202);
    let ready = ask(&app, "/health/ready").await.expect(200);
    assert!(
        check(&ready, "queue").1.contains(": 1 due, 0 running"),
        "{ready}"
    );
    app.advance(Duration::from_secs(301)).await;
    let ready = ask(&app, "/health/ready").await.expect(503);
    let (ok, detail) = check(&ready, "queue");
    assert!(!ok && detail.contains(": 1 due, 0 running"), "{detail}");
    app.run_jobs().await;
    let ready = ask(&app, "/health/ready").await.expect(200);
    assert_eq!(check(&ready, "queue"), (true, "oldest 0 s; "));
}

#[tokio::test]
async fn without_postgres_the_process_is_live_but_not_ready() {
    let app = TestApp::start().await;
    schedule(&app).await;
    let mut url = url::Url::parse(app.db.url().expose_secret()).unwrap();
    let database = url.path().trim_start_matches('/').to_owned();
    url.set_path("postgres");
    let mut server = PgConnection::connect(url.as_str()).await.unwrap();
    let mut set = async |sql: String| {
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut server)
            .await
            .unwrap()
    };
    set(format!("alter database {database} allow_connections false")).await;
    set(format!(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'"
    ))
    .await;
    ask(&app, "/health/live").await.expect(200);
    let ready = ask(&app, "/health/ready").await.expect(503);
    assert_eq!(
        (ready["ready"].clone(), check(&ready, "postgres").0),
        (json!(false), false)
    );
    assert_eq!(
        (check(&ready, "queue").0, check(&ready, "scheduler").0),
        (false, false)
    );
    app.anonymous()
        .get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");
    set(format!("alter database {database} allow_connections true")).await;
    ask(&app, "/health/ready").await.expect(200);
}
