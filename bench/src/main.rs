//! Benchmarks against real servers, each in a database of its own. Started by `cargo xtask bench`.
//! They print figures and judge nothing: quote ratios from one run.

mod engine;
mod http;
mod import;
mod jobs_bench;
mod rescue;
mod service;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        match args.first().map(String::as_str) {
            Some("jobs") => match &args[1..] {
                [] => jobs_bench::run(None).await,
                [flag, backend] if flag == "--backend" => jobs_bench::run(Some(backend)).await,
                _ => anyhow::bail!("jobs takes --backend vigie | apalis-redis, or nothing for both"),
            },
            Some("http") => http::run().await,
            Some("rescue") => rescue::run(args.get(1).map_or(Ok(200), |n| n.parse())?).await,
            Some("import") => import::run().await,
            Some("rupture") => {
                println!(
                    "prediction on one thread: {:.0} products/s",
                    domain::rupture::bench::products_per_second(20_000)
                );
                Ok(())
            }
            Some("worker") => rescue::worker().await,
            _ => anyhow::bail!("which benchmark? jobs, http, rescue, import, rupture"),
        }
    })
}
