//! The priorities within a queue.

use serde::{Deserialize, Serialize};

/// Moves a job up to 1,000 turns forward or back in the queue, past other companies' jobs.
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
