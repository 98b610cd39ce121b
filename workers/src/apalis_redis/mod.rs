//! `VIGIE_QUEUE_BACKEND=apalis-redis`: apalis-redis carries ids from the relay's sorted set to the
//! fetchers, and nothing else. Claims, ends and rescues are Postgres's, as with our own backend.
//!
//! ```text
//! relay -> {ns}:queue:{name} -> feeder -> {ns}:apalis:{name}:* -> apalis worker -> fetcher
//! ```
//!
//! The crate stops at any trouble with Redis, at an id without data, and at 8,000 due ids; it never
//! forgets what is done. So the feeder moves only what this process has room for; a session (connection,
//! worker, feeder) that ends is started again under a new name, after everything that the old one had in
//! hand was forgotten: the relay's look-back brings back what still waits. A job's id is its task's id,
//! so pushing one that is there already does nothing.

mod feeder;
mod limiter;
mod cleanup;
mod worker;

use std::time::Duration;

use platform::ids::Uuid;
use tokio::sync::{mpsc, watch};

pub(crate) use worker::ApalisRedisWorker;

/// The fetcher's end.
#[derive(Debug)]
pub(crate) struct FedIds {
    ids: mpsc::Receiver<Uuid>,
    /// Tells the worker that there is room again.
    room: mpsc::Sender<()>,
    up: watch::Receiver<bool>,
}

impl FedIds {
    /// Up to `limit` ids; none where none came within `block`; `None` while Redis is away.
    pub(crate) async fn take(&mut self, limit: usize, block: Duration) -> Option<Vec<Uuid>> {
        let mut ids = Vec::new();
        if !*self.up.borrow_and_update() {
            // What came before goes first.
            while ids.len() < limit
                && let Ok(id) = self.ids.try_recv()
            {
                ids.push(id);
            }
            return (!ids.is_empty()).then_some(ids);
        }
        tokio::select! {
            biased;
            _ = self.ids.recv_many(&mut ids, limit) => {}
            _ = self.up.wait_for(|up| !up) => return None,
            () = tokio::time::sleep(block) => {}
        }
        // Full is as good: it is told already.
        let _ = self.room.try_send(());
        Some(ids)
    }
}
