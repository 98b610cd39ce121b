//! Runs: one for each computation of a company's demand, requested by a person or by an event.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

platform::id_type!(RunId, "One computation of a company's demand.");

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum RunState {
    Queued,
    Succeeded,
    Failed,
}

/// What a run's results replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// The results replace the company's demand.
    Live,
    /// The results replace nothing and belong to the run alone.
    Study,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub id: RunId,
    pub state: RunState,
    /// The day that the request named.
    pub requested_as_of: Option<NaiveDate>,
    pub as_of: Option<NaiveDate>,
    pub data_through: Option<NaiveDate>,
    pub horizon_days: u32,
    /// Whether the run replaced the company's demand; a study does not.
    pub live: bool,
    pub products: Option<i32>,
    pub error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}
