//! The jobs that this process runs now, so that they can be asked to stop. By id and fence: a body whose
//! claim was lost may still run beside the next try.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use platform::ids::{JobId, Uuid};
use platform::queue::Claim;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<Mutex<HashMap<(Uuid, i32), CancellationToken>>>);

impl Running {
    /// Counts the claim as running until the guard is dropped.
    pub(crate) fn enter(&self, claim: &Claim) -> Entered {
        let cancel = CancellationToken::new();
        let key = (claim.id.0, claim.fence);
        self.lock().insert(key, cancel.clone());
        Entered { running: self.clone(), key, cancel }
    }

    pub(crate) fn ids(&self) -> Vec<Uuid> {
        self.lock().keys().map(|(id, _)| *id).collect()
    }

    /// Whether a claim of the job is in this process's hands.
    pub(crate) fn holds(&self, id: Uuid) -> bool {
        self.lock().keys().any(|(held, _)| *held == id)
    }

    /// Asks one job to stop.
    pub(crate) fn cancel(&self, id: JobId) {
        for (_, cancel) in self.lock().iter().filter(|((running, _), _)| *running == id.0) {
            cancel.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Uuid, i32), CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(crate) struct Entered {
    running: Running,
    key: (Uuid, i32),
    pub(crate) cancel: CancellationToken,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.running.lock().remove(&self.key);
    }
}
