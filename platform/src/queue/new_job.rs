//! A job before it is enqueued, and the result of enqueueing it.

use chrono::{DateTime, Utc};

use super::job::Job;
use super::job_scope::JobScope;
use super::priority::Priority;
use super::queue_name::Queue;
use super::uniqueness::Uniqueness;
use crate::ids::{CompanyId, JobId, UserId};
use crate::telemetry::TraceContext;

/// A job about to be enqueued.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub id: JobId,
    pub company: Option<CompanyId>,
    pub kind: &'static str,
    pub version: u16,
    /// JSON.
    pub args: String,
    pub queue: Queue,
    pub priority: Priority,
    pub max_attempts: u16,
    pub unique: Uniqueness,
    /// The earliest start; `None` is at once.
    pub run_at: Option<DateTime<Utc>>,
    /// The person who enqueued the job, if any.
    pub created_by: Option<UserId>,
    /// The request or job that caused this one.
    pub trace: TraceContext,
}

impl NewJob {
    /// Builds the row of a typed job.
    pub fn new<S, Scope: JobScope, J: Job<S, Scope>>(scope: Scope, job: &J) -> Self {
        Self {
            id: JobId::new(),
            company: scope.company_id(),
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

    pub fn at(mut self, run_at: DateTime<Utc>) -> Self {
        self.run_at = Some(run_at);
        self
    }

    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    pub fn by(mut self, user: UserId) -> Self {
        self.created_by = Some(user);
        self
    }
}

/// The result of enqueueing a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    New(JobId),
    /// The open job that holds the unique key.
    Existing(JobId),
}

impl Enqueued {
    pub fn id(self) -> JobId {
        match self {
            Self::New(id) | Self::Existing(id) => id,
        }
    }
}
