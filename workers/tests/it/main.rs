//! The engine against a real Postgres and real Redis servers that each test starts for itself. Nothing
//! sleeps: a test goes on when a body reports its run, when a row changes, or when a process ends, and
//! a guard fails it where none of this comes.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails where it stands, its helpers too"
)]

#[macro_use]
mod support;

mod cancelling;
mod carrying;
mod enqueueing;
mod finishing;
mod plans;
mod postgres_trouble;
mod reconciling;
mod redis_trouble;
mod refusing;
mod rescuing;
mod retrying;
mod running;
mod seeing;
mod stopping;
mod ticking;
