//! Shows that the runtime of the jobs turns. Where every thread of it is blocked nothing of this process
//! goes on but the pulse, which must not claim that it lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

#[derive(Debug, Clone)]
pub(crate) struct Turned {
    start: Instant,
    /// Milliseconds after `start`.
    last: Arc<AtomicU64>,
}

impl Turned {
    /// Marks the time every `every` on the current runtime, until told to stop.
    pub(crate) fn watch(every: Duration, stop: CancellationToken) -> Self {
        let turned = Self { start: Instant::now(), last: Arc::default() };
        let marks = turned.clone();
        platform::task::spawn("turning", async move {
            while !stop.is_cancelled() {
                let now = u64::try_from(marks.start.elapsed().as_millis()).unwrap_or(u64::MAX);
                marks.last.store(now, Ordering::Relaxed);
                tokio::time::sleep(every).await;
            }
        });
        turned
    }

    pub(crate) fn ago(&self) -> Duration {
        self.start.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }
}
