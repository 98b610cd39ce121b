//! Tasks in the background: named, inside the caller's span, and loud when they panic.

use std::future::Future;

use tokio::task::JoinHandle;
use tracing::Instrument as _;

/// Spawns `future` on the current runtime. A panic is logged with the task's name; the handle still
/// gives it.
#[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
pub fn spawn<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let guard = Alarm { name, done: false };
    // Once in its place: each wrapper, and the runtime, would move a large future again.
    let future = Box::pin(future);
    tokio::spawn(
        async move {
            let mut guard = guard;
            let output = future.await;
            guard.done = true;
            output
        }
        .in_current_span(),
    )
}

struct Alarm {
    name: &'static str,
    done: bool,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if !self.done && std::thread::panicking() {
            tracing::error!(task = self.name, "task panicked");
        }
    }
}
