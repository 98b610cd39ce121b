//! The transaction that every statement of handlers and jobs runs in, and whose rows it sees.

use std::ops::{Deref, DerefMut};

use sqlx::{PgConnection, Postgres, Transaction};

use crate::ids::{CompanyId, UserId};
use crate::queue::RelayNotifier;

/// The rows that a transaction of the application sees: by company, by user, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    pub(super) company: Option<CompanyId>,
    pub(super) user: Option<UserId>,
}

impl Scope {
    /// One company's rows: the scope of its jobs.
    pub fn company(company: CompanyId) -> Self {
        Self {
            company: Some(company),
            user: None,
        }
    }

    /// One company's rows, on behalf of one of its members.
    pub fn member(company: CompanyId, user: UserId) -> Self {
        Self {
            company: Some(company),
            user: Some(user),
        }
    }

    /// A user before a company is chosen: the user's memberships.
    pub fn user(user: UserId) -> Self {
        Self {
            company: None,
            user: Some(user),
        }
    }

    /// Nobody yet: registration and sign-in.
    pub fn anonymous() -> Self {
        Self {
            company: None,
            user: None,
        }
    }
}

/// An open transaction. It rolls back when dropped. The job queue adds `enqueue` to it: jobs
/// enqueued in the transaction exist once it is committed.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, Postgres>,
    relay_notifier: RelayNotifier,
    notifies_relay: bool,
}

impl Tx {
    pub(super) fn new(
        inner: Transaction<'static, Postgres>,
        relay_notifier: RelayNotifier,
    ) -> Self {
        Self {
            inner,
            relay_notifier,
            notifies_relay: false,
        }
    }

    /// Makes the commit notify the relay, because a job becomes due with it.
    pub fn notify_relay_on_commit(&mut self) {
        self.notifies_relay = true;
    }

    /// Commits, and notifies the relay if a job became due.
    ///
    /// # Errors
    /// The commit failed, or its outcome is unknown because the connection broke.
    pub async fn commit(self) -> sqlx::Result<()> {
        self.inner.commit().await?;
        if self.notifies_relay {
            self.relay_notifier.notify();
        }
        Ok(())
    }

    /// Rolls back. If the connection broke, the server rolls back by itself.
    pub async fn rollback(self) -> sqlx::Result<()> {
        self.inner.rollback().await
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}
