//! The product's own clients against the sandbox over HTTP: every operation, every fault, and the
//! signatures by the verifiers that the product uses.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests fail by panicking, and the sandbox runs by the real clock"
)]

mod harness;

mod admin;
mod brevo;
mod faults;
mod meta;
mod stripe;
mod twilio;
