//! The list of job types that a process can run, by stored name.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::BoxFuture;

use super::envelope::{NewJob, Priority, Queue};
use super::job::{Job, JobContext, JobResult, JobScope};
use crate::ids::{CompanyId, JobId};
use crate::telemetry::TraceContext;

/// One job type with its policy.
pub struct Kind<W> {
    pub name: &'static str,
    pub version: u16,
    pub queue: Queue,
    pub scope: JobScope,
    pub max_attempts: u16,
    pub timeout: Duration,
    start: StartFn<W>,
    accepts: AcceptFn,
}

type StartFn<W> = fn(&str, JobContext<W>) -> serde_json::Result<BoxFuture<'static, JobResult>>;
type AcceptFn = fn(Option<CompanyId>, &str) -> serde_json::Result<NewJob>;

impl<W: Send + Sync + 'static> Kind<W> {
    fn of<J: Job<W>>() -> Self {
        Self {
            name: J::NAME,
            version: J::VERSION,
            queue: J::QUEUE,
            scope: J::SCOPE,
            max_attempts: J::MAX_ATTEMPTS,
            timeout: J::TIMEOUT,
            start: |args, cx| {
                let job: J = serde_json::from_str(args)?;
                Ok(Box::pin(job.run(cx)))
            },
            accepts: |company, args| {
                let job: J = serde_json::from_str(args)?;
                Ok(new_job::<W, J>(company, &job))
            },
        }
    }

    /// Decodes the payload and makes the body's future.
    ///
    /// # Errors
    /// The payload isn't this kind's.
    pub fn start(
        &self,
        args: &str,
        cx: JobContext<W>,
    ) -> serde_json::Result<BoxFuture<'static, JobResult>> {
        (self.start)(args, cx)
    }

    /// Checks a payload that came from outside and makes the job of it.
    ///
    /// # Errors
    /// The payload isn't this kind's.
    pub fn accept(&self, company: Option<CompanyId>, args: &str) -> serde_json::Result<NewJob> {
        (self.accepts)(company, args)
    }
}

impl<W> std::fmt::Debug for Kind<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} v{} on {}, {} attempts of {:?}, {:?}",
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
pub struct Registry<W> {
    kinds: Vec<Kind<W>>,
    by_name: BTreeMap<&'static str, usize>,
}

impl<W: Send + Sync + 'static> Registry<W> {
    pub fn new() -> Self {
        Self {
            kinds: Vec::new(),
            by_name: BTreeMap::new(),
        }
    }

    /// Adds a job type.
    ///
    /// # Panics
    /// On a name that is taken: two types can't share stored jobs.
    #[must_use]
    pub fn with<J: Job<W>>(mut self) -> Self {
        for name in [J::NAME].iter().chain(J::FORMERLY) {
            let taken = self.by_name.insert(name, self.kinds.len());
            assert!(taken.is_none(), "two job types are named {name}");
        }
        self.kinds.push(Kind::of::<J>());
        self
    }

    pub fn find(&self, name: &str) -> Option<&Kind<W>> {
        self.by_name.get(name).map(|&index| &self.kinds[index])
    }

    /// In the order of registration.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind<W>> {
        self.kinds.iter()
    }
}

impl<W: Send + Sync + 'static> Default for Registry<W> {
    fn default() -> Self {
        Self::new()
    }
}

/// A typed job, ready to be enqueued for `company`, or for the platform where there is none.
pub fn new_job<W, J: Job<W>>(company: Option<CompanyId>, job: &J) -> NewJob {
    NewJob {
        id: JobId::new(),
        company,
        kind: J::NAME,
        version: J::VERSION,
        args: serde_json::to_string(job).expect("a payload of ids and facts is JSON"),
        queue: J::QUEUE,
        priority: Priority::Normal,
        max_attempts: J::MAX_ATTEMPTS,
        unique: job.uniqueness(),
        run_at: None,
        created_by: None,
        trace: TraceContext::current(),
    }
}
