//! Tells the relay that jobs are due. NOTIFY inside the enqueuing transactions would serialise their
//! commits, so each process notifies on a connection of its own, after them, one at a time: many
//! commits share one notification, and a notification lost in a crash is covered by the look-back.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::Notify;

/// The channel that the relay listens on.
pub const CHANNEL: &str = "vigie_jobs";

#[derive(Debug, Clone)]
pub struct RelayNotifier(Arc<Notify>);

impl RelayNotifier {
    pub(crate) fn start(engine: PgPool) -> Self {
        let due = Arc::new(Notify::new());
        let relay_notifier = Self(due.clone());
        crate::task::spawn("relay_notifier", async move {
            while !engine.is_closed() {
                due.notified().await;
                if let Err(cause) = notify(&engine).await {
                    tracing::debug!(%cause, "relay not notified");
                }
            }
        });
        relay_notifier
    }

    pub fn notify(&self) {
        self.0.notify_one();
    }
}

/// Tells whoever relays, in whatever process.
///
/// # Errors
/// The database's; the look-back then finds what is due.
pub async fn notify(engine: &PgPool) -> sqlx::Result<()> {
    sqlx::query!("notify vigie_jobs").execute(engine).await?;
    Ok(())
}
