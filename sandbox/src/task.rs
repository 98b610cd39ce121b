//! Tasks that continue after the response was sent.

use tokio::task::JoinHandle;

/// Spawns a task. A panic is logged with the name of the task.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place of the sandbox that starts a task"
)]
pub(crate) fn spawn_named(
    name: &'static str,
    work: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<()> {
    let inner = tokio::spawn(work);
    let abort = AbortOnDrop(inner.abort_handle());
    tokio::spawn(async move {
        let _abort = abort;
        if let Err(error) = inner.await
            && error.is_panic()
        {
            tracing::error!(task = name, %error, "task panicked");
        }
    })
}

/// Aborts the inner task when the outer task is aborted.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
