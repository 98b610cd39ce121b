//! Waits for what other processes do.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{interval, timeout};

const POLL_INTERVAL: Duration = Duration::from_millis(50);
const WAIT_TIMEOUT: Duration = Duration::from_secs(240);
const TEST_TIMEOUT: Duration = Duration::from_secs(150);

/// Only one system of seven processes runs at a time, because test machines are small.
static TURN: Mutex<()> = Mutex::const_new(());

/// Polls until `poll` returns something, and returns that.
///
/// The only place that polls by the clock, because nothing announces the awaited states:
/// the processes are observed from outside. Triggers that notify would serialise their commits, and
/// so change the system under test. The interval decides only how soon the test goes on.
pub(crate) async fn eventually<T>(what: &str, mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    let mut ticks = interval(POLL_INTERVAL);
    let found = async {
        loop {
            ticks.tick().await;
            if let Some(found) = poll().await {
                return found;
            }
        }
    };
    timeout(WAIT_TIMEOUT, found)
        .await
        .unwrap_or_else(|_| panic!("timed out waiting until {what}"))
}

/// Runs a test while no other runs, and fails it after a timeout.
pub(crate) async fn run_alone(test: impl Future<Output = ()>) {
    run_alone_for(TEST_TIMEOUT, test).await;
}

/// Runs a longer test in the same way.
pub(crate) async fn run_alone_for(limit: Duration, test: impl Future<Output = ()>) {
    let _turn = TURN.lock().await;
    timeout(limit, Box::pin(test))
        .await
        .expect("the test hangs");
}
