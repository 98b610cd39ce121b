//! The whole system, run as it is in production: the executable's own processes, a Postgres database,
//! a Redis server and the providers' sandbox, reached through HTTP and signals alone. What single parts
//! do is tested beside them; here is only what needs all of them.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails where it stands, its helpers too"
)]
#![expect(
    clippy::large_futures,
    reason = "a whole test is one future, made once"
)]

mod support;

mod billing;
mod chaos;
mod evaluations;
mod exactly_once;
mod imports;
mod isolation;
mod migrating;
mod predictions;
mod refreshes;
mod requests;
mod retail;
mod schedules;
mod starting;
mod stopping;
mod uploads;
