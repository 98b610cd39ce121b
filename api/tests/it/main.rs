//! The HTTP interface as clients use it, over a real Postgres and the providers of the sandbox.

#![expect(
    clippy::unwrap_used,
    reason = "a failed unwrap fails the test, in helpers too"
)]

mod ads;
mod alert_actions;
mod alert_recipients;
mod alerts;
mod app;
mod authorship;
mod bad_input;
mod batches;
mod billing;
mod callbacks;
mod cancelled_messages;
mod catalog;
mod client;
mod company_access;
mod edge_cases;
mod every_route;
mod filled_company;
mod foreign_text;
mod growing_uploads;
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
mod number_verdicts;
mod operators;
mod ops;
mod opt_outs;
mod password_guessing;
mod password_lanes;
mod previews;
mod quota_advice;
mod quotas;
mod request_types;
mod role_table;
mod routes;
mod ruptures;
mod sender_pauses;
mod sessions;
mod shop;
mod spreadsheets;
mod stripe_outages;
mod tokens;
mod uploads;
