//! The HTTP interface as clients meet it, over a real Postgres and the sandbox's providers.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails where it stands, its helpers too"
)]

mod ads;
mod alert_acts;
mod alerts;
mod app;
mod bad_input;
mod billing;
mod callbacks;
mod cancelling;
mod catalog;
mod client;
mod doors;
mod edges;
mod every_route;
mod filled;
mod guessing;
mod health;
mod idempotency;
mod identity;
mod imports;
mod isolation;
mod jobs;
mod mail;
mod nul_bytes;
mod ops;
mod outages;
mod routes;
mod ruptures;
mod sending;
mod sessions;
mod shop;
mod sources;
mod spreadsheets;
mod stripe_trouble;
mod tokens;
mod uploads;
mod xlsx;
