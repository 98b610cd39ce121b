//! `import`: the Online Retail file through `POST /imports` and a worker process, compared with a
//! COPY of the same rows into the same table with its indexes and keys.

mod copy;
mod reading;
mod retail;
mod worker;

use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use sqlx::PgConnection;

use self::worker::Worker;
use crate::service::{Service, build_client};

const ROUNDS: usize = 3;

pub(crate) async fn run() -> anyhow::Result<()> {
    let file = retail::load_file()?;
    reading::measure_reading(&file)?;
    let service = Service::start().await?;
    let mut owner = service.test.owner().await;
    let mut worker = Worker::start(&service)?;
    let first = import_file(&service, &mut owner, &file, 0).await?;
    print_rate(
        "import, first load, products and customers created on the way",
        first.lines,
        first.took,
    );
    let mut ours = Vec::new();
    for round in 1..=ROUNDS {
        wait_until_idle(&mut owner).await?;
        sqlx::query!("truncate sales").execute(&mut owner).await?;
        sqlx::query!("checkpoint").execute(&mut owner).await?;
        let import = import_file(&service, &mut owner, &file, round).await?;
        anyhow::ensure!(
            import.lines == first.lines,
            "{} lines, then {}",
            first.lines,
            import.lines
        );
        print_rate(
            &format!("{round}: import, claimed to committed"),
            import.lines,
            import.took,
        );
        ours.push(import.took);
    }
    wait_until_idle(&mut owner).await?;
    println!(
        "the worker's peak memory: {:.0} MB (VmHWM)",
        worker.peak_memory()?
    );
    worker.stop()?;
    let raw = copy::measure_copy(&mut owner, first.lines).await?;
    let ours = median(ours);
    println!(
        "import beside raw COPY: {:.0} % ({ours:.2?} and {raw:.2?})",
        100.0 * raw.as_secs_f64() / ours.as_secs_f64()
    );
    drop(owner);
    service.stop().await
}

struct Imported {
    lines: usize,
    took: Duration,
}

/// Uploads the file and waits until its import ends.
async fn import_file(
    service: &Service,
    owner: &mut PgConnection,
    file: &[u8],
    round: usize,
) -> anyhow::Result<Imported> {
    let id = upload_file(service, file, round).await?;
    loop {
        let import = get_json(service, &format!("/imports/{id}")).await?;
        match import["state"].as_str() {
            Some("succeeded") => break,
            Some("failed" | "cancelled" | "needs_input") | None => {
                anyhow::bail!("the import ended without success: {import}")
            }
            Some(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
    let job = sqlx::query!(
        r#"select extract(epoch from finished_at - started_at)::float8 as "took!", attempt,
                  (select count(*) from sales) as "lines!"
           from jobs_finished where kind = 'catalog.import_file' order by finished_at desc limit 1"#
    )
    .fetch_one(owner)
    .await?;
    anyhow::ensure!(job.attempt == 1, "attempt {}", job.attempt);
    Ok(Imported {
        lines: usize::try_from(job.lines)?,
        took: Duration::from_secs_f64(job.took),
    })
}

/// Uploads the file and returns the import's id.
async fn upload_file(service: &Service, file: &[u8], round: usize) -> anyhow::Result<String> {
    let part = |name: &str, text: &str| {
        format!("--form\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let head = part("kind", "sales")
        + &part("options", &retail::options(round).to_string())
        + "--form\r\nContent-Disposition: form-data; name=\"file\"; filename=\"retail.csv\"\r\n\
           \r\n";
    let body = [head.as_bytes(), file, b"\r\n--form--\r\n"].concat();
    let request = build_client()?
        .post(format!("{}/api/v1/imports", service.url))
        .bearer_auth(&service.token)
        .header("Content-Type", "multipart/form-data; boundary=form");
    let response: Value = request.body(body).send().await?.json().await?;
    response["import"]["id"]
        .as_str()
        .map(str::to_owned)
        .with_context(|| response.to_string())
}

async fn get_json(service: &Service, path: &str) -> anyhow::Result<Value> {
    let request = build_client()?
        .get(format!("{}/api/v1{path}", service.url))
        .bearer_auth(&service.token);
    Ok(request.send().await?.error_for_status()?.json().await?)
}

/// Waits until the reactions to an import (predictions, alerts) are done, so that they don't slow
/// the next one.
async fn wait_until_idle(owner: &mut PgConnection) -> anyhow::Result<()> {
    loop {
        let open = sqlx::query_scalar!(r#"select count(*) as "open!" from jobs_open"#)
            .fetch_one(&mut *owner)
            .await?;
        if open == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn print_rate(what: &str, lines: usize, took: Duration) {
    println!(
        "{what}: {:.0} lines/s ({lines} in {:.2} s)",
        lines as f64 / took.as_secs_f64(),
        took.as_secs_f64()
    );
}
