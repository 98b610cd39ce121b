//! The executable: `vigie api | worker | scheduler | all | migrate | ready | admin`. One file for a small shop
//! (`all`) and for a fleet (the same file with another sub-command on each machine).

mod admin;
mod config;
mod ready;
mod run;

use std::process::ExitCode;

use platform::config::Env;
use platform::db;
use sqlx::migrate::MigrateError;

use crate::run::Role;

/// Exit code of `migrate` for a database whose migrations are not the ones of this release.
const OTHER_LAYOUT: u8 = 3;

const USAGE: &str = "usage: vigie COMMAND

  all        API, workers and scheduler in one process
  api        the HTTP interface
  worker     runs jobs
  scheduler  fires what happens by the clock
  migrate    brings the database up to date
  ready      says whether a worker here could work: Postgres answers, and the API's files are seen
  admin operator add EMAIL NAME
             makes a platform operator; the password is read from standard input
  admin template set NAME LANGUAGE CONTENT_SID
             names the approved WhatsApp template of a message (alert fr, alert en)

Configuration comes from the environment; .env.example lists every key.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["all"] => run::run(&[Role::Api, Role::Worker, Role::Scheduler]),
        ["api"] => run::run(&[Role::Api]),
        ["worker"] => run::run(&[Role::Worker]),
        ["scheduler"] => run::run(&[Role::Scheduler]),
        ["migrate"] => migrate(),
        ["ready"] => ready::check(),
        ["admin", "operator", "add", email, name] => admin::add_operator(email, name),
        ["admin", "template", "set", name, language, sid] => {
            admin::set_template(name, language, sid)
        }
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("vigie: {cause:#}");
            exit_code(&cause)
        }
    }
}

fn exit_code(cause: &anyhow::Error) -> ExitCode {
    match cause.downcast_ref::<MigrateError>() {
        Some(MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_)) => {
            ExitCode::from(OTHER_LAYOUT)
        }
        _ => ExitCode::FAILURE,
    }
}

fn migrate() -> anyhow::Result<()> {
    let mut env = Env::from_process();
    let url = env.secret("DATABASE_URL");
    env.finish()?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(db::migrate(&url))
        .map_err(explain_layout)?;
    println!("the database is up to date");
    Ok(())
}

/// Adds what to do where the database was made by other migrations than this release has.
fn explain_layout(cause: MigrateError) -> anyhow::Error {
    match cause {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => {
            anyhow::Error::new(cause).context(
                "the database has the layout of another release and was not changed; \
                 use an empty database, or the release that made this one",
            )
        }
        other => other.into(),
    }
}
