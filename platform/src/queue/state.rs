//! The states of a job, as clients see them.

use serde::{Deserialize, Serialize};

/// A job's state.
///
/// The table has one state for jobs that wait: they are `Scheduled` until they are due, then
/// `Queued` (`shown_job_state` in the migrations).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum JobState {
    Scheduled,
    Queued,
    Running,
    Succeeded,
    Dead,
    Cancelled,
    Parked,
}

impl JobState {
    pub const ALL: [Self; 7] = [
        Self::Scheduled,
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::Dead,
        Self::Cancelled,
        Self::Parked,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
            Self::Parked => "parked",
        }
    }
}

/// A final state: the states of `jobs_finished`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "job_state", rename_all = "lowercase")]
pub enum TerminalState {
    Succeeded,
    Dead,
    Cancelled,
    Parked,
}

impl From<TerminalState> for JobState {
    fn from(state: TerminalState) -> Self {
        match state {
            TerminalState::Succeeded => Self::Succeeded,
            TerminalState::Dead => Self::Dead,
            TerminalState::Cancelled => Self::Cancelled,
            TerminalState::Parked => Self::Parked,
        }
    }
}
