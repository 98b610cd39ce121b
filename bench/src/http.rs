//! `http`: `POST /jobs`, authenticated and durable before the answer, by 64 connections that share the
//! machine with the server, Postgres and nobody else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::service::{Service, client};

const CONNECTIONS: usize = 64;
const REQUESTS: usize = 40_000;

pub(crate) async fn run() -> anyhow::Result<()> {
    let service = Service::start().await?;
    for round in 1..=3 {
        let took = post_all(&service.url, &service.token).await?;
        println!(
            "{round}: POST /jobs by {CONNECTIONS} connections: {:.0}/s ({REQUESTS} in {:.2} s)",
            REQUESTS as f64 / took.as_secs_f64(),
            took.as_secs_f64()
        );
    }
    let kept = sqlx::query_scalar!(
        r#"select count(*) as "count!" from jobs_open where kind = 'ops.ping'"#
    )
    .fetch_one(&mut service.test.owner().await)
    .await?;
    anyhow::ensure!(
        kept == i64::try_from(3 * REQUESTS)?,
        "{kept} jobs were kept"
    );
    service.stop().await
}

async fn post_all(url: &str, token: &str) -> anyhow::Result<Duration> {
    let body = Arc::new(json!({"kind": "ops.ping", "args": {"note": "x".repeat(400)}}).to_string());
    let started = Instant::now();
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = client()?;
        let (url, token, body) = (format!("{url}/api/v1/jobs"), token.to_owned(), body.clone());
        clients.push(platform::task::spawn("client", async move {
            for _ in 0..REQUESTS / CONNECTIONS {
                let request = client
                    .post(&url)
                    .bearer_auth(&token)
                    .header("content-type", "application/json");
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
