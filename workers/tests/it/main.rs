//! The engine against a real Postgres and real Redis servers, which each test starts for itself. No
//! test sleeps: it continues when a job reports its run, when a row changes, or when a process
//! ends. A guard fails a test that waits for too long.

#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

#[macro_use]
mod support;

mod apalis_redis;
mod cancelling;
mod enqueueing;
mod finishing;
mod misbehaving_jobs;
mod plans;
mod postgres_trouble;
mod reconciling;
mod redis_trouble;
mod rescuing;
mod retrying;
mod running;
mod schedules;
mod stopping;
mod visibility;
