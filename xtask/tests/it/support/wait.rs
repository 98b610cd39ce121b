//! Waits for effects of other processes.

use std::thread;
use std::time::{Duration, Instant};

const POLL_INTERVAL: Duration = Duration::from_millis(50);
pub(crate) const WAIT_LIMIT: Duration = Duration::from_secs(100);

/// Polls until `poll` returns a value, and returns it.
///
/// Nothing announces these effects, so this is the only place of the tests that polls. The interval
/// affects how soon a test continues, and nothing else.
pub(crate) fn wait_for<T>(what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = poll() {
            return found;
        }
        assert!(since.elapsed() < WAIT_LIMIT, "did not happen: {what}");
        thread::park_timeout(POLL_INTERVAL);
    }
}
