//! The result of a job body.

use super::job_error::JobError;

pub type JobResult = Result<Done, JobError>;

/// The outcome of an attempt that succeeded.
#[derive(Debug)]
pub enum Done {
    /// [`JobContext::finish`](super::JobContext::finish) has committed writes, state and result
    /// together.
    Committed,
    /// The job wrote nothing. The engine records the JSON result, many jobs in one statement.
    Result(Option<String>),
}

impl Done {
    pub fn empty() -> Self {
        Self::Result(None)
    }

    pub fn with(result: &serde_json::Value) -> Self {
        Self::Result(Some(result.to_string()))
    }
}
