//! `cargo xtask`: the commands of a developer, in Rust, with few dependencies.
//! `main.rs` only parses the command; each command has its own file.
#![expect(
    clippy::disallowed_methods,
    reason = "xtask is not a process of the product and reads its settings from the environment"
)]

mod bench;
mod checkout;
mod compose;
mod containers;
mod dashboards;
mod demo;
mod fuzz;
mod http;
mod install;
mod lint;
mod ports;
mod postgres;
mod process;
mod programs;
mod psql;
mod redis;
mod rules;
mod secrets;
mod servers;
mod signals;
mod sqlx;
mod state;
mod test;
mod up;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
usage: cargo xtask <command>

  up [options]         start everything: Postgres, Redis, the providers' sandbox, the API, the
                       workers, the scheduler and a demo company; --fresh deletes kept data first
  test [args]          run every test against a real Postgres and Redis; args are passed on
  lint                 format, clippy, documentation, .sqlx, rules on the sources, deny, machete
  sqlx [--check]       write .sqlx again from the migrations, or check that it is current
  bench <name> [args]  build the benchmarks in release and run one
  fuzz [target]        try the readers of foreign bytes with random ones; needs a nightly compiler
  help                 print this text; `cargo xtask <command> --help` prints more

DATABASE_URL and REDIS_URL are used where they are set, each by itself. Otherwise private servers
are started under .vigie/ on free ports and stopped at the end.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run_command(&args) {
        Ok(code) => code,
        Err(error) if error.is::<signals::Interrupted>() => {
            eprintln!("interrupted");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run_command(args: &[String]) -> Result<ExitCode> {
    let Some((command, rest)) = args.split_first() else {
        println!("{HELP}");
        return Ok(ExitCode::from(2));
    };
    let help = match command.as_str() {
        "up" => up::HELP,
        "test" => test::HELP,
        "lint" => lint::HELP,
        "sqlx" => sqlx::HELP,
        "bench" => bench::HELP,
        "fuzz" => fuzz::HELP,
        "help" | "--help" | "-h" => HELP,
        other => bail!("no command `{other}`\n\n{HELP}"),
    };
    if help == HELP || matches!(rest.first().map(String::as_str), Some("--help" | "-h")) {
        println!("{help}");
        return Ok(ExitCode::SUCCESS);
    }
    match command.as_str() {
        "up" => up::run(rest),
        "test" => test::run(rest),
        "lint" => lint::run(rest),
        "sqlx" => sqlx::run(rest),
        "fuzz" => fuzz::run(rest),
        _ => bench::run(rest),
    }
}
