//! Work that goes on after an answer was given.

use tokio::task::JoinHandle;

/// Starts a task whose panic is told in the log, under its name.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place of the sandbox that starts a task"
)]
pub(crate) fn spawn(
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

/// Aborting the outer task ends the inner one, too.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
