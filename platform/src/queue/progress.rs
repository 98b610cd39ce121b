//! The progress of a long job.

use serde::{Deserialize, Serialize};

/// How far a job is. It is stored with the job and survives a crash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub done: u64,
    /// 0 while the total is unknown.
    pub total: u64,
    pub message: String,
}
