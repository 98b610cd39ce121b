//! The executable: `vigie api | worker | scheduler | all | migrate | ready | admin`. A small shop
//! runs `all`, a fleet runs the same file with another sub-command on each machine.

mod admin;
mod config;
mod migrate;
mod ready;
mod run;

use std::process::ExitCode;

use sqlx::migrate::MigrateError;

use crate::admin::OperatorAct;
use crate::run::Role;

/// Exit code of `migrate` for a database whose migrations are not the ones of this release.
const OTHER_LAYOUT: u8 = 3;

const USAGE: &str = "usage: vigie COMMAND

  all        runs API, workers and scheduler in one process
  api        serves the HTTP API
  worker     runs jobs
  scheduler  enqueues the jobs that are due by the clock
  migrate    applies the migrations to the database
  ready      checks that a worker can reach Postgres and the API's files
  admin operator add EMAIL NAME
             creates a platform operator and prints the second factor
  admin operator list
             lists the operators and the number of their open sessions
  admin operator disable|enable|password|second-factor|sign-out EMAIL
             closes or opens the account, replaces a factor, or only ends all sessions
             (add and password read the password from standard input)
  admin template set NAME LANGUAGE CONTENT_SID
             sets the approved WhatsApp template of a message (alert fr, alert en)

Configuration comes from the environment; .env.example lists every key.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["all"] => run::run_roles(&[Role::Api, Role::Worker, Role::Scheduler]),
        ["api"] => run::run_roles(&[Role::Api]),
        ["worker"] => run::run_roles(&[Role::Worker]),
        ["scheduler"] => run::run_roles(&[Role::Scheduler]),
        ["migrate"] => migrate::migrate_database(),
        ["ready"] => ready::check_readiness(),
        ["admin", "operator", "add", email, name] => admin::add_operator(email, name),
        ["admin", "operator", "list"] => admin::list_operators(),
        ["admin", "operator", "disable", email] => {
            admin::change_operator(OperatorAct::Disable, email)
        }
        ["admin", "operator", "enable", email] => {
            admin::change_operator(OperatorAct::Enable, email)
        }
        ["admin", "operator", "password", email] => {
            admin::change_operator(OperatorAct::ChangePassword, email)
        }
        ["admin", "operator", "second-factor", email] => {
            admin::change_operator(OperatorAct::ReplaceSecondFactor, email)
        }
        ["admin", "operator", "sign-out", email] => {
            admin::change_operator(OperatorAct::SignOut, email)
        }
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
