//! `cargo xtask bench`: builds the benchmark drivers in release and runs one with servers at hand.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::process::StopSignal;
use crate::servers::{self, Need, Purpose};
use crate::signals::Interrupts;
use crate::state::State;
use crate::{checkout, process};

pub(crate) const HELP: &str = "\
usage: cargo xtask bench <name> [args]

Builds the member `bench` in release and runs one benchmark:

  jobs [--backend vigie|apalis-redis]   enqueue, drain with results kept, idle latency
  idle [--backend vigie|apalis-redis]   the latency alone
  http                                  POST /jobs, authenticated and durable
  rescue [kills]                        SIGKILL of a worker to its job running again
  import                                the Online Retail file beside raw COPY, memory, parsing alone
  rupture                               products predicted per second on one thread

Uses DATABASE_URL and REDIS_URL where they are set; otherwise private servers with full durability,
on free ports, for the time of the run.";

const NAMES: [&str; 6] = ["jobs", "idle", "http", "rescue", "import", "rupture"];

/// Builds nothing and starts nothing without the name of a benchmark.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    match args.first().map(String::as_str) {
        None => {
            println!("{HELP}");
            return Ok(ExitCode::from(2));
        }
        Some(name) if !NAMES.contains(&name) => bail!("no benchmark `{name}`\n\n{HELP}"),
        Some(_) => {}
    }
    let interrupts = Interrupts::listen()?;
    let mut build = process::tool_command("cargo");
    build.args([
        "build",
        "--release",
        "-p",
        "bench",
        "-p",
        "vigie",
        "-p",
        "sandbox",
    ]);
    if !process::run(&mut build, &interrupts)?.success() {
        return Ok(ExitCode::FAILURE);
    }
    let servers =
        servers::start_servers(State::passing()?, Purpose::Durable, Need::Both, &interrupts)?;
    let mut bench = process::server_command(
        &checkout::build_folder("release")?.join("bench"),
        StopSignal::Term,
        None,
    );
    bench
        .args(args)
        .env("DATABASE_URL", &servers.database_url)
        .env("REDIS_URL", &servers.redis_url);
    let status = process::run(&mut bench, &interrupts)?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
