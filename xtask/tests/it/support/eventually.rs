//! Waiting for what other processes do.

use std::thread;
use std::time::{Duration, Instant};

const LOOK_EVERY: Duration = Duration::from_millis(50);
pub(crate) const HUNG_AFTER: Duration = Duration::from_secs(100);

/// Looks until there is something to see, and gives it.
///
/// The one place that looks by the clock: nothing announces what it waits for. How often it looks decides
/// nothing but how soon the test goes on.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(since.elapsed() < HUNG_AFTER, "waited in vain until {what}");
        thread::park_timeout(LOOK_EVERY);
    }
}
