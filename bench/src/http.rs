//! `http`: `POST /jobs`, authenticated and durable before the answer, by 64 connections that share the
//! machine with the server, Postgres and nobody else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{ApiConfig, App};
use jobs::Fleet;
use platform::blobs::Blobs;
use platform::crypto::Keyring;
use platform::redis::RedisConfig;
use platform::testing::TestDb;
use providers::Providers;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const CONNECTIONS: usize = 64;
const REQUESTS: usize = 40_000;

pub(crate) async fn run() -> anyhow::Result<()> {
    let test = TestDb::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let blobs = std::env::temp_dir().join(format!("vigie-bench-{}", uuid::Uuid::new_v4()));
    let stop = CancellationToken::new();
    let app = app(&test, &url, &blobs)?;
    let server = platform::task::spawn("api", api::serve(app, listener, stop.clone()));
    let token = token(&url).await?;
    for round in 1..=3 {
        let took = post_all(&url, &token).await?;
        #[expect(clippy::cast_precision_loss, reason = "a figure to print")]
        let rate = REQUESTS as f64 / took.as_secs_f64();
        println!(
            "{round}: POST /jobs by {CONNECTIONS} connections: {rate:.0}/s ({REQUESTS} in {:.2} s)",
            took.as_secs_f64()
        );
    }
    stop.cancel();
    server.await??;
    std::fs::remove_dir_all(blobs)?;
    let kept = sqlx::query_scalar!(r#"select count(*) as "count!" from jobs_ready where kind = 'ops.ping'"#)
        .fetch_one(&mut test.owner().await)
        .await?;
    anyhow::ensure!(kept == i64::try_from(3 * REQUESTS)?, "{kept} jobs were kept");
    Ok(())
}

fn app(test: &TestDb, url: &str, blobs: &std::path::Path) -> anyhow::Result<App> {
    let fleet = Fleet {
        db: test.db.clone(),
        providers: Providers::sandbox("http://127.0.0.1:1")?,
        blobs: Blobs::open_folder(blobs.to_path_buf())?,
        keyring: Keyring::parse(&format!("bench:{}=", "A".repeat(43)).into()).map_err(anyhow::Error::msg)?,
        public_url: url.to_owned(),
    };
    let redis = RedisConfig { url: "redis://127.0.0.1:1".to_owned(), namespace: "bench".to_owned() };
    let config = ApiConfig { addr: url.trim_start_matches("http://").parse()?, signing_key: "b".repeat(32).into() };
    Ok(App::new(fleet, redis, &config))
}

async fn token(url: &str) -> anyhow::Result<String> {
    let client = reqwest::Client::builder().build()?;
    let person = json!({
        "email": "bench@example.sn", "password": "un-mot-de-passe-long", "full_name": "Bench",
        "company_name": "Bench",
    });
    client.post(format!("{url}/api/v1/auth/register")).json(&person).send().await?.error_for_status()?;
    let form = [("username", "bench@example.sn"), ("password", "un-mot-de-passe-long")];
    let answer: Value = client.post(format!("{url}/api/v1/auth/token")).form(&form).send().await?.json().await?;
    answer["access_token"].as_str().map(str::to_owned).ok_or_else(|| anyhow::anyhow!("no token: {answer}"))
}

async fn post_all(url: &str, token: &str) -> anyhow::Result<Duration> {
    let body = Arc::new(json!({"kind": "ops.ping", "args": {"note": "x".repeat(400)}}).to_string());
    let started = Instant::now();
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = reqwest::Client::builder().pool_max_idle_per_host(1).build()?;
        let (url, token, body) = (format!("{url}/api/v1/jobs"), token.to_owned(), body.clone());
        clients.push(platform::task::spawn("client", async move {
            for _ in 0..REQUESTS / CONNECTIONS {
                let request = client.post(&url).bearer_auth(&token).header("content-type", "application/json");
                let answer = request.body((*body).clone()).send().await?;
                anyhow::ensure!(answer.status() == 202, "{}", answer.status());
                answer.bytes().await?;
            }
            Ok(())
        }));
    }
    for client in clients {
        client.await??;
    }
    Ok(started.elapsed())
}
