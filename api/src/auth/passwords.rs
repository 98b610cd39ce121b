//! Password hashing off the async threads, at most one hash per core: each takes 19 MiB and tens of
//! milliseconds. Sign-ins have priority: all other hashes together take at most half of the cores,
//! so that a sign-in waits for other sign-ins alone. Requests beyond the queue fail with 503.

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use domain::identity::password::{hash_password, verify_password};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::error::{Error, Result};

/// Waiting and running sign-ins of one process.
const MAX_SIGN_INS: usize = 512;
/// Waiting and running hashes of registrations, new passwords and the like.
const MAX_OTHERS: usize = 128;

pub(crate) struct Passwords {
    cores: Arc<Semaphore>,
    sign_ins: Arc<Semaphore>,
    others: Arc<Semaphore>,
    /// The cores that hashes other than sign-ins may take.
    cores_of_others: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self::with_cores(available_parallelism().map_or(1, NonZero::get))
    }

    fn with_cores(cores: usize) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self {
            cores: semaphore(cores),
            sign_ins: semaphore(MAX_SIGN_INS),
            others: semaphore(MAX_OTHERS),
            cores_of_others: semaphore((cores / 2).max(1)),
        }
    }

    pub(crate) async fn hash(&self, password: SecretString) -> Result<String> {
        let place = take_place(&self.others)?;
        let share = take_turn(&self.cores_of_others).await?;
        self.run_on_core((place, Some(share)), move || {
            hash_password(password.expose_secret())
        })
        .await
    }

    /// Verifies a password for anything else than a sign-in.
    pub(crate) async fn verify_without_priority(
        &self,
        password: SecretString,
        hash: String,
    ) -> Result<bool> {
        let place = take_place(&self.others)?;
        let share = take_turn(&self.cores_of_others).await?;
        self.run_on_core((place, Some(share)), move || {
            verify_password(password.expose_secret(), Some(&hash))
        })
        .await
    }

    /// Verifies the password of a sign-in. Takes the same time with and without a hash, so that
    /// timing reveals no account.
    pub(crate) async fn verify(
        &self,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<bool> {
        let place = take_place(&self.sign_ins)?;
        self.run_on_core((place, None), move || {
            verify_password(password.expose_secret(), hash.as_deref())
        })
        .await
    }

    async fn run_on_core<T: Send + 'static>(
        &self,
        permits: (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>),
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let core = take_turn(&self.cores).await?;
        // The hash goes on when the caller disconnects, and holds its core until it ends.
        let held = move || {
            let _permits = (permits, core);
            work()
        };
        spawn_blocking(held).await.map_err(Error::internal)
    }
}

/// Takes a place in the queue, or fails with 503 where the queue is full.
fn take_place(queue: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit> {
    let place = queue.clone().try_acquire_owned();
    place.map_err(|_| Error::unavailable("too many passwords wait to be hashed"))
}

async fn take_turn(semaphore: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit> {
    let permit = semaphore.clone().acquire_owned().await;
    permit.map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use platform::task::spawn_named;

    use super::*;

    #[tokio::test]
    async fn a_sign_in_goes_before_other_hashes_that_wait() {
        let passwords = Arc::new(Passwords::with_cores(2));
        // Every core that other hashes may take is busy, and a queue of them waits.
        let busy = take_turn(&passwords.cores_of_others).await.unwrap();
        let core = take_turn(&passwords.cores).await.unwrap();
        let waiting: Vec<_> = (0..MAX_OTHERS)
            .map(|n| {
                let passwords = passwords.clone();
                spawn_named("hash", async move {
                    passwords.hash(format!("password {n}").into()).await
                })
            })
            .collect();
        while passwords.others.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(passwords.hash("one more".into()).await.is_err());
        let hash = hash_password("ndeye-vend-du-riz");
        let matches = passwords
            .verify("ndeye-vend-du-riz".into(), Some(hash))
            .await;
        assert!(matches.unwrap());
        assert_eq!(passwords.others.available_permits(), 0);
        for hash in waiting {
            hash.abort();
        }
        drop((busy, core));
    }
}
