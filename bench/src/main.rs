//! Benchmarks against real servers, each in a database of its own. Started by `cargo xtask bench`.
//! They print figures and assert nothing. Only ratios within one run are comparable.

mod engine;
mod http;
mod import;
mod jobs;
mod rescue;
mod service;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match args.first().map(String::as_str) {
            Some("jobs") => jobs::run_jobs(&parse_backends(&args[1..])?).await,
            Some("idle") => jobs::run_idle(&parse_backends(&args[1..])?).await,
            Some("http") => http::run_http().await,
            Some("rescue") => rescue::run_rescue(args.get(1).map_or(Ok(200), |n| n.parse())?).await,
            Some("import") => import::run().await,
            Some("rupture") => {
                println!(
                    "prediction on one thread: {:.0} products/s",
                    domain::rupture::bench::products_per_second(20_000)
                );
                Ok(())
            }
            Some("worker") => rescue::run_worker().await,
            _ => anyhow::bail!("name a benchmark: jobs, idle, http, rescue, import or rupture"),
        }
    })
}

/// Parses the backends to measure, by default both in turn.
fn parse_backends(args: &[String]) -> anyhow::Result<Vec<&str>> {
    match args {
        [] => Ok(vec!["vigie", "apalis-redis"]),
        [flag, backend] if flag == "--backend" => Ok(vec![backend]),
        _ => anyhow::bail!("expected --backend vigie | apalis-redis, or nothing for both"),
    }
}
