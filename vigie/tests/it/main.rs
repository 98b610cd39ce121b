//! Tests of the whole system as in production: the executable's processes, Postgres, Redis and the
//! providers' sandbox, used only through HTTP and signals. What one part does is tested beside it.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails where it stands, its helpers too"
)]
#![expect(
    clippy::large_futures,
    reason = "a whole test is one future, created once"
)]

mod support;

mod billing;
mod chaos;
mod evaluations;
mod exactly_once;
mod hostile_sheets;
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
