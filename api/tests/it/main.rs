//! The HTTP interface as clients use it, over a real Postgres and the providers of the sandbox.

#![expect(
    clippy::unwrap_used,
    reason = "a failed unwrap fails the test, in helpers too"
)]

mod ads;
mod alert_actions;
mod alerts;
mod app;
mod bad_input;
mod billing;
mod callbacks;
mod catalog;
mod client;
mod company_access;
mod edge_cases;
mod every_route;
mod filled_company;
mod health;
mod idempotency;
mod identity;
mod import_cancellation;
mod imports;
mod isolation;
mod jobs;
mod message_crashes;
mod message_fixtures;
mod message_outages;
mod message_sending;
mod newer_release;
mod nul_bytes;
mod operators;
mod ops;
mod password_guessing;
mod password_lanes;
mod request_types;
mod routes;
mod ruptures;
mod sessions;
mod shop;
mod spreadsheets;
mod stripe_outages;
mod tokens;
mod uploads;
