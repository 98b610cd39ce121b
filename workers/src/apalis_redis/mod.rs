//! `VIGIE_QUEUE_BACKEND=apalis-redis`: the apalis-redis crate moves ids from the relay's sorted set
//! to the fetchers, and does nothing else. Claims, outcomes and rescues stay in Postgres.
//!
//! ```text
//! relay -> {ns}:queue:{name} -> feeder -> {ns}:apalis:{name}:* -> apalis worker -> fetcher
//! ```
//!
//! The crate's worker ends at any Redis error, at an id without data, and at 8,000 due ids. It
//! never deletes tasks that are done. Therefore:
//!
//! * The feeder moves only as many ids as this process has room for.
//! * A session (connection, worker, feeder) that ends is followed by one with a new worker name.
//!   All ids that the old worker held are deleted, and the relay's look-back pushes them again.
//! * A job's id is its task's id, so pushing an id that is there already changes nothing.

mod cleanup;
mod error;
mod feeder;
mod limiter;
mod raw_codec;
mod session;
mod worker;

use std::time::Duration;

use platform::ids::Uuid;
use tokio::sync::{mpsc, watch};

use error::ApalisRedisError;
pub(crate) use worker::ApalisRedisWorker;

/// The fetcher's end of the channel of ids.
#[derive(Debug)]
pub(crate) struct FedIds {
    ids: mpsc::Receiver<Uuid>,
    /// Wakes the worker when the channel has room again.
    wake: mpsc::Sender<()>,
    is_up: watch::Receiver<bool>,
}

impl FedIds {
    /// Returns up to `limit` ids, or none if none came within `timeout`. Returns `None` while Redis
    /// is away.
    pub(crate) async fn receive_ids(
        &mut self,
        limit: usize,
        timeout: Duration,
    ) -> Option<Vec<Uuid>> {
        let mut ids = Vec::new();
        if !*self.is_up.borrow_and_update() {
            // Ids that arrived before Redis went away come first.
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
            _ = self.is_up.wait_for(|is_up| !is_up) => return None,
            () = tokio::time::sleep(timeout) => {}
        }
        // If the channel is full, a wake-up is already pending.
        let _ = self.wake.try_send(());
        Some(ids)
    }
}
