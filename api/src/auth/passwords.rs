//! Password hashing off the async threads, at most one hash per core: each takes 19 MiB and tens of
//! milliseconds.

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use domain::identity::password::{hash_password, verify_password};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::{Error, Result};

pub(crate) struct Passwords {
    cores: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self {
            cores: Arc::new(Semaphore::new(
                available_parallelism().map_or(1, NonZero::get),
            )),
        }
    }

    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        self.run_on_core(move || hash_password(&password)).await
    }

    /// Takes the same time with and without a hash, so that timing reveals no account.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        self.run_on_core(move || verify_password(&password, hash.as_deref()))
            .await
    }

    async fn run_on_core<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let core = self
            .cores
            .clone()
            .acquire_owned()
            .await
            .map_err(Error::internal)?;
        // The hash goes on when the caller disconnects, and holds its core until it ends.
        let held = move || {
            let _core = core;
            work()
        };
        spawn_blocking(held).await.map_err(Error::internal)
    }
}
