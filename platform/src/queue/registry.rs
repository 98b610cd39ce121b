//! The registry of job types that a process can run, by stored name.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::BoxFuture;
use serde::de::Error as _;

use super::job::{EnqueuedBy, Job};
use super::job_context::{Attempt, JobContext};
use super::job_result::JobResult;
use super::job_scope::{JobScope, Platform};
use super::new_job::NewJob;
use super::queue_name::Queue;
use crate::ids::CompanyId;

/// One job type with its policy.
pub struct Kind<S> {
    pub name: &'static str,
    pub version: u16,
    pub queue: Queue,
    pub enqueued_by: EnqueuedBy,
    pub max_attempts: u16,
    pub timeout: Duration,
    scope: &'static str,
    start: StartFn<S>,
    accept: AcceptFn,
}

type StartFn<S> = fn(Attempt<S>) -> Result<BoxFuture<'static, JobResult>, StartError>;
type AcceptFn = fn(CompanyId, &str) -> serde_json::Result<NewJob>;

/// Why a claimed job cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{kind} is a {scope} job")]
    WrongScope {
        kind: &'static str,
        scope: &'static str,
    },
    #[error("payload can't be read: {0}")]
    Payload(#[from] serde_json::Error),
}

impl<S: Send + Sync + 'static> Kind<S> {
    fn of<J: Job<S, Scope>, Scope: JobScope>() -> Self {
        Self {
            name: J::NAME,
            version: J::VERSION,
            queue: J::QUEUE,
            enqueued_by: J::ENQUEUED_BY,
            max_attempts: J::MAX_ATTEMPTS,
            timeout: J::TIMEOUT,
            scope: Scope::NAME,
            start: start_typed_job::<S, J, Scope>,
            accept: accept_typed_payload::<S, J, Scope>,
        }
    }

    /// Decodes the payload and returns the body's future.
    ///
    /// # Errors
    /// The row is of another scope or version, and will be at each attempt.
    pub fn start_job(
        &self,
        attempt: Attempt<S>,
    ) -> Result<BoxFuture<'static, JobResult>, StartError> {
        (self.start)(attempt)
    }

    /// Validates a payload that a caller sent and builds the company's job of it.
    ///
    /// # Errors
    /// The payload is not one of this kind.
    pub fn accept_payload(&self, company: CompanyId, args: &str) -> serde_json::Result<NewJob> {
        (self.accept)(company, args)
    }
}

fn start_typed_job<S: Send + Sync + 'static, J: Job<S, Scope>, Scope: JobScope>(
    attempt: Attempt<S>,
) -> Result<BoxFuture<'static, JobResult>, StartError> {
    let job: serde_json::Result<J> = serde_json::from_str(&attempt.claim.args);
    let cx = JobContext::new(attempt).ok_or(StartError::WrongScope {
        kind: J::NAME,
        scope: Scope::NAME,
    })?;
    Ok(Box::pin(job?.run(cx)))
}

fn accept_typed_payload<S, J: Job<S, Scope>, Scope: JobScope>(
    company: CompanyId,
    args: &str,
) -> serde_json::Result<NewJob> {
    let scope = Scope::from_company_id(Some(company))
        .ok_or_else(|| serde_json::Error::custom("not a company's kind"))?;
    let job: J = serde_json::from_str(args)?;
    Ok(NewJob::new::<S, Scope, J>(scope, &job))
}

impl<S> std::fmt::Debug for Kind<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} v{} on {}, {} attempts of {:?}, {}",
            self.name,
            self.version,
            self.queue.name(),
            self.max_attempts,
            self.timeout,
            self.scope,
        )
    }
}

/// All kinds by name, former names included.
#[derive(Debug)]
pub struct Registry<S> {
    kinds: Vec<Kind<S>>,
    by_name: BTreeMap<&'static str, usize>,
}

impl<S: Send + Sync + 'static> Registry<S> {
    pub fn new() -> Self {
        Self {
            kinds: Vec::new(),
            by_name: BTreeMap::new(),
        }
    }

    /// Adds a company's job type.
    ///
    /// # Panics
    /// Panics on a name that is taken: two types cannot share stored jobs.
    #[must_use]
    pub fn with<J: Job<S>>(self) -> Self {
        self.with_kind::<J, CompanyId>()
    }

    /// Adds a platform job type.
    ///
    /// # Panics
    /// As [`Registry::with`].
    #[must_use]
    pub fn with_platform<J: Job<S, Platform>>(self) -> Self {
        self.with_kind::<J, Platform>()
    }

    fn with_kind<J: Job<S, Scope>, Scope: JobScope>(mut self) -> Self {
        for name in [J::NAME].iter().chain(J::FORMERLY) {
            let taken = self.by_name.insert(name, self.kinds.len());
            assert!(taken.is_none(), "two job types are named {name}");
        }
        self.kinds.push(Kind::of::<J, Scope>());
        self
    }

    pub fn find_kind(&self, name: &str) -> Option<&Kind<S>> {
        self.by_name.get(name).map(|&index| &self.kinds[index])
    }

    /// Returns the kinds in the order of their registration.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind<S>> {
        self.kinds.iter()
    }
}

impl<S: Send + Sync + 'static> Default for Registry<S> {
    fn default() -> Self {
        Self::new()
    }
}
