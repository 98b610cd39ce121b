//! What this process has in hand: the jobs that it runs now, so that they can be asked to stop (by id and
//! fence: a body whose claim was lost may still run beside the next try), and those that it is claiming.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use platform::ids::{JobId, Uuid};
use platform::queue::Claim;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<Mutex<HashMap<(Uuid, i32), Run>>>);

#[derive(Debug, Default)]
struct Run {
    cancel: CancellationToken,
    asked_to_stop: Option<Instant>,
}

impl Running {
    /// Counts the claim as running until the guard is dropped.
    pub(crate) fn enter(&self, claim: &Claim) -> Entered {
        let run = Run::default();
        let cancel = run.cancel.clone();
        let key = (claim.id.0, claim.fence);
        self.lock().insert(key, run);
        Entered {
            running: self.clone(),
            key,
            cancel,
        }
    }

    /// The claims in this process's hands, by job and fence.
    pub(crate) fn claims(&self) -> Vec<(Uuid, i32)> {
        self.lock().keys().copied().collect()
    }

    /// Asks one job to stop.
    pub(crate) fn cancel(&self, id: JobId) {
        for (_, run) in self
            .lock()
            .iter_mut()
            .filter(|((running, _), _)| *running == id.0)
        {
            run.asked_to_stop.get_or_insert_with(Instant::now);
            run.cancel.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Uuid, i32), Run>> {
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
        let run = self.running.lock().remove(&self.key);
        if let Some(asked) = run.and_then(|run| run.asked_to_stop) {
            metrics::histogram!("vigie_job_cancel_seconds").record(asked.elapsed());
        }
    }
}

/// Ids whose claim is on its way or in doubt. Fetchers of one process claim under one number: a row that one
/// of them claimed would look to the other like the claim that it doubts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claiming(Arc<Mutex<HashSet<Uuid>>>);

impl Claiming {
    /// Those of `ids` that nobody else is claiming, from now on the caller's until [`Claiming::end`].
    pub(crate) fn begin(&self, ids: Vec<Uuid>) -> Vec<Uuid> {
        let mut claiming = self.lock();
        ids.into_iter().filter(|id| claiming.insert(*id)).collect()
    }

    pub(crate) fn ids(&self) -> Vec<Uuid> {
        self.lock().iter().copied().collect()
    }

    /// What became of them is known.
    pub(crate) fn end(&self, ids: &[Uuid]) {
        let mut claiming = self.lock();
        for id in ids {
            claiming.remove(id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
