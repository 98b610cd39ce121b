//! Times that other threads ask for: when the heart last beat, and when the runtime of the jobs last showed that
//! it turns. Where every thread of that is blocked nothing of this process goes on but the maintenance, which must not
//! claim that it lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// A moment; cheap to set and to read.
#[derive(Debug, Clone)]
pub(crate) struct LastSeen {
    start: Instant,
    /// Milliseconds after `start`.
    last: Arc<AtomicU64>,
}

impl LastSeen {
    /// Now.
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            last: Arc::default(),
        }
    }

    /// Sets it every `every` on the current runtime, until told to stop.
    pub(crate) fn of_turning(every: Duration, stop: CancellationToken) -> Self {
        let last_turn = Self::new();
        let mark = last_turn.clone();
        platform::task::spawn("turning", async move {
            while !stop.is_cancelled() {
                mark.set();
                tokio::time::sleep(every).await;
            }
        });
        last_turn
    }

    /// Moves it to now.
    pub(crate) fn set(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    pub(crate) fn ago(&self) -> Duration {
        self.start
            .elapsed()
            .saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }
}
