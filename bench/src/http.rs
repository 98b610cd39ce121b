//! `http`: `POST /jobs`, authenticated and durable before the response, by 64 connections on the
//! machine of the server and of Postgres.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::service::{Service, build_client};

const CONNECTIONS: usize = 64;
const ROUND_REQUESTS: usize = 40_000;

pub(crate) async fn run_http() -> anyhow::Result<()> {
    let service = Service::start().await?;
    for round in 1..=3 {
        let elapsed = post_all(&service.url, &service.token).await?;
        println!(
            "{round}: POST /jobs by {CONNECTIONS} connections: {:.0}/s \
             ({ROUND_REQUESTS} in {:.2} s)",
            ROUND_REQUESTS as f64 / elapsed.as_secs_f64(),
            elapsed.as_secs_f64()
        );
    }
    let enqueued = sqlx::query_scalar!(
        r#"select count(*) as "count!" from jobs_open where kind = 'ops.ping'"#
    )
    .fetch_one(&mut service.test.owner().await)
    .await?;
    anyhow::ensure!(
        enqueued == i64::try_from(3 * ROUND_REQUESTS)?,
        "{enqueued} jobs were enqueued"
    );
    service.stop().await
}

async fn post_all(url: &str, token: &str) -> anyhow::Result<Duration> {
    let body = Arc::new(json!({"kind": "ops.ping", "args": {"note": "x".repeat(400)}}).to_string());
    let started = Instant::now();
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = build_client()?;
        let (url, token, body) = (format!("{url}/api/v1/jobs"), token.to_owned(), body.clone());
        clients.push(platform::task::spawn_named("client", async move {
            for _ in 0..ROUND_REQUESTS / CONNECTIONS {
                let request = client
                    .post(&url)
                    .bearer_auth(&token)
                    .header("content-type", "application/json");
                let response = request.body((*body).clone()).send().await?;
                anyhow::ensure!(response.status() == 202, "{}", response.status());
                response.bytes().await?;
            }
            Ok(())
        }));
    }
    for client in clients {
        client.await??;
    }
    Ok(started.elapsed())
}
