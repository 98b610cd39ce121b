//! Waiting for what other processes do.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{interval, timeout};

const LOOK_EVERY: Duration = Duration::from_millis(50);
const HUNG_AFTER: Duration = Duration::from_secs(100);
const TEST_HUNG_AFTER: Duration = Duration::from_secs(150);

/// One system at a time in this binary: seven processes are enough for a small machine.
static TURN: Mutex<()> = Mutex::const_new(());

/// Looks until there is something to see, and gives it.
///
/// The one place that looks by the clock. Nothing announces what it waits for: the processes are looked
/// at from outside, and triggers that notify would make their commits queue up behind one another, so
/// that the system under test would be another one. How often it looks decides nothing but how soon the
/// test goes on.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut looks = interval(LOOK_EVERY);
    let found = async {
        loop {
            looks.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    };
    timeout(HUNG_AFTER, found)
        .await
        .unwrap_or_else(|_| panic!("waited in vain until {what}"))
}

/// Runs a test alone, and fails it where it waits for something that never comes.
pub(crate) async fn guarded(test: impl Future<Output = ()>) {
    guarded_for(TEST_HUNG_AFTER, test).await;
}

/// The same with a test that has more to do.
pub(crate) async fn guarded_for(long: Duration, test: impl Future<Output = ()>) {
    let _turn = TURN.lock().await;
    timeout(long, Box::pin(test)).await.expect("the test hangs");
}
