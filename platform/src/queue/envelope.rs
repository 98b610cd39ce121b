//! What a job is on its way: as enqueued, as claimed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{CompanyId, JobId, UserId};
use crate::telemetry::TraceContext;

/// Queues have slots of their own, so that long work never starves the short.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "lowercase")]
#[repr(i16)]
pub enum Queue {
    /// Alerts, messages, webhooks: milliseconds to a second.
    Fast,
    Default,
    /// Imports, predictions, refreshes: seconds to minutes.
    Heavy,
}

impl Queue {
    pub const ALL: [Self; 3] = [Self::Fast, Self::Default, Self::Heavy];

    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Default => "default",
            Self::Heavy => "heavy",
        }
    }

    pub fn code(self) -> i16 {
        self as i16
    }
}

/// A head start within one company's turn, never a way past other companies for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[repr(i16)]
pub enum Priority {
    Low = -1,
    #[default]
    Normal = 0,
    High = 1,
}

impl Priority {
    pub fn code(self) -> i16 {
        self as i16
    }
}

/// Whether a second job of the same company, kind and key may wait beside a first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Uniqueness {
    #[default]
    None,
    /// One until it is done: a duplicate gives the first one's id.
    WhileOpen(String),
    /// As `WhileOpen`, and a duplicate that comes while the first runs makes it run once more.
    Reconciler(String),
}

impl Uniqueness {
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::WhileOpen(key) | Self::Reconciler(key) => Some(key),
        }
    }
}

/// A job about to be enqueued. Built by `jobs::job` from a typed job.
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
    /// Not before this time; `None` is at once.
    pub run_at: Option<DateTime<Utc>>,
    /// The person on whose behalf, where there is one.
    pub created_by: Option<UserId>,
    /// The request or job that causes this one.
    pub trace: TraceContext,
}

impl NewJob {
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

/// What became of an enqueued job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    New(JobId),
    /// Its unique key was taken: the job that holds it.
    Existing(JobId),
}

impl Enqueued {
    pub fn id(self) -> JobId {
        match self {
            Self::New(id) | Self::Existing(id) => id,
        }
    }
}

/// A job that this process may run: it holds the fence until another claim raises it.
#[derive(Debug, Clone)]
pub struct Claim {
    pub id: JobId,
    pub company: Option<CompanyId>,
    pub kind: String,
    pub version: i16,
    pub args: String,
    pub fence: i32,
    /// This try, counted from 1.
    pub attempt: i16,
    pub max_attempts: i16,
    pub run_at: DateTime<Utc>,
    /// The database's time of the claim: the job's `now`.
    pub started_at: DateTime<Utc>,
    pub request_id: Option<String>,
    pub traceparent: Option<String>,
}
