//! `cargo xtask up` as a developer runs it: the real command with private servers of its own making, in a
//! folder and on ports that no other run has. Its executables are those that were built for the tests.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails where it stands, its helpers too"
)]

mod support;

mod life;
mod refusals;
