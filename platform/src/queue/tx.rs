//! Enqueueing in a transaction: the jobs exist once its other writes do.

use super::envelope::{Enqueued, NewJob};
use super::outbox;
use crate::db::Tx;

impl Tx {
    /// Enqueues one job with this transaction's writes. A taken unique key is no error but
    /// [`Enqueued::Existing`].
    pub async fn enqueue(&mut self, job: NewJob) -> sqlx::Result<Enqueued> {
        let enqueued = self.enqueue_all(vec![job]).await?;
        enqueued.into_iter().next().ok_or(sqlx::Error::RowNotFound)
    }

    /// Enqueues many jobs in one statement. Returns their outcomes in the same order.
    pub async fn enqueue_all(&mut self, jobs: Vec<NewJob>) -> sqlx::Result<Vec<Enqueued>> {
        if !jobs.is_empty() {
            self.notify_relay_on_commit();
        }
        outbox::enqueue(self, &jobs).await
    }
}
