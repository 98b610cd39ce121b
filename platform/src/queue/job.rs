//! The trait of job types. A plain company job defines `NAME` and `run`.

use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::job_context::JobContext;
use super::job_result::JobResult;
use super::queue_name::Queue;
use super::uniqueness::Uniqueness;
use crate::ids::CompanyId;

/// A kind of job. The fields are the payload: ids and small facts, never documents. The constants
/// are the policy, `run` is the body. `S` holds the services that all bodies of a process share,
/// `Scope` is [`CompanyId`] or [`Platform`](super::Platform).
///
/// A job may run twice at any moment; running it twice must have the same effect as once.
pub trait Job<S, Scope = CompanyId>: Serialize + DeserializeOwned + Send + 'static {
    /// `area.verb_noun`. It is stored with each job: to rename it, add the old name to `FORMERLY`.
    const NAME: &'static str;
    const FORMERLY: &'static [&'static str] = &[];
    /// Raised when the payload changes its shape. A job of a newer version is parked.
    const VERSION: u16 = 1;
    const QUEUE: Queue = Queue::Default;
    const ENQUEUED_BY: EnqueuedBy = EnqueuedBy::CodeOnly;
    /// Attempts, the first included.
    const MAX_ATTEMPTS: u16 = 8;
    /// Longest duration of one attempt.
    const TIMEOUT: Duration = Duration::from_secs(60);

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::None
    }

    fn run(self, cx: JobContext<S, Scope>) -> impl Future<Output = JobResult> + Send;
}

/// The callers that may enqueue jobs of a company's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnqueuedBy {
    /// Our own code alone.
    CodeOnly,
    /// Also callers who may write.
    AnyWriter,
    /// Also callers who may change settings.
    Supervisors,
}
