//! Runs the real `cargo xtask up` with private servers, in a folder and on ports that no other run
//! uses. Its executables are those that were built for the tests.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails where it stands, its helpers too"
)]

mod support;

mod lifecycle;
mod rejected_settings;
