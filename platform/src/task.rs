//! Background tasks: named, inside the caller's span, and logged when they panic.

use std::future::Future;

use tokio::task::JoinHandle;
use tracing::Instrument as _;

/// Spawns `future` on the current runtime. A panic is logged with the task's name, and returned by
/// the handle.
#[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
pub fn spawn_named<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let guard = PanicLogger { name, done: false };
    // Boxed once: each wrapper, and the runtime, would move a large future again.
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

/// Logs the panic of a task when it is dropped.
struct PanicLogger {
    name: &'static str,
    done: bool,
}

impl Drop for PanicLogger {
    fn drop(&mut self) {
        if !self.done && std::thread::panicking() {
            tracing::error!(task = self.name, "task panicked");
        }
    }
}
