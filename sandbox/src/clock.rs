//! The sandbox's own clock, independent of the product's.

use chrono::{DateTime, Utc};

#[expect(
    clippy::disallowed_methods,
    reason = "the one place of the sandbox that reads the clock"
)]
pub(crate) fn read_clock() -> DateTime<Utc> {
    Utc::now()
}
