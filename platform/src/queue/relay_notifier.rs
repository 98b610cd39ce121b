//! Notification of the relay after commits that make a job due.
//!
//! NOTIFY inside the enqueuing transactions would serialise their commits. Each process therefore
//! notifies on a connection of its own, after the commits and one at a time, so that many commits
//! share one notification. The relay's look-back covers a notification that is lost in a crash.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::Notify;

/// The channel that the relay listens on.
pub const RELAY_CHANNEL: &str = "vigie_jobs";

/// Sends the notifications of a process.
#[derive(Debug, Clone)]
pub(crate) struct RelayNotifier(Arc<Notify>);

impl RelayNotifier {
    pub(crate) fn start(engine: PgPool) -> Self {
        let due = Arc::new(Notify::new());
        let relay_notifier = Self(due.clone());
        crate::task::spawn_named("relay_notifier", async move {
            while !engine.is_closed() {
                due.notified().await;
                if let Err(cause) = notify_relay(&engine).await {
                    tracing::debug!(%cause, "relay not notified");
                }
            }
        });
        relay_notifier
    }

    pub(crate) fn notify(&self) {
        self.0.notify_one();
    }
}

/// Notifies the relay, whichever process leads it. After an error its look-back finds what is due.
pub async fn notify_relay(engine: &PgPool) -> sqlx::Result<()> {
    sqlx::query!("select pg_notify($1, '')", RELAY_CHANNEL)
        .execute(engine)
        .await?;
    Ok(())
}
