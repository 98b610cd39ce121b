//! Times that one thread records and another reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// When something last happened. Cheap to record and to read; clones share the time.
#[derive(Debug, Clone)]
pub(crate) struct LastSeen {
    start: Instant,
    millis_after_start: Arc<AtomicU64>,
}

impl LastSeen {
    /// Starts with the current time.
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            millis_after_start: Arc::default(),
        }
    }

    /// Records the current time every `interval` on the current runtime, until `stop`. While every
    /// thread of that runtime is blocked, the recorded time stands still.
    pub(crate) fn watch_runtime(interval: Duration, stop: CancellationToken) -> Self {
        let last_seen = Self::new();
        let recorder = last_seen.clone();
        platform::task::spawn_named("runtime watch", async move {
            while !stop.is_cancelled() {
                recorder.record_now();
                tokio::time::sleep(interval).await;
            }
        });
        last_seen
    }

    pub(crate) fn record_now(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.millis_after_start.store(now, Ordering::Relaxed);
    }

    pub(crate) fn elapsed(&self) -> Duration {
        let last = Duration::from_millis(self.millis_after_start.load(Ordering::Relaxed));
        self.start.elapsed().saturating_sub(last)
    }
}
