//! A refresh and its reports. A report covers a range of days. It waits, runs at Meta, becomes
//! ready, and is read page by page.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use platform::id_type;
use serde::Serialize;

id_type!(RefreshId, "One refresh of one ad account.");
id_type!(ReportId, "One report of a refresh.");

/// A run is discarded after this time. Common practice is 30 to 60 minutes.
pub const RUN_TIMEOUT: TimeDelta = TimeDelta::minutes(45);
/// Runs of one report, the first included.
pub const MAX_REPORT_RUNS: i16 = 3;

/// An open refresh of one account, over the days of its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh {
    pub id: RefreshId,
    pub first_day: NaiveDate,
    pub last_day: NaiveDate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum RefreshState {
    Open,
    Published,
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum ReportState {
    Waiting,
    Running,
    Ready,
    Read,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub id: ReportId,
    pub first_day: NaiveDate,
    pub last_day: NaiveDate,
    pub state: ReportState,
    /// Meta's id of the present run.
    pub run_id: Option<String>,
    pub runs: i16,
    pub polls: i16,
    pub started_at: Option<DateTime<Utc>>,
    /// Of the next page to stage.
    pub cursor: Option<String>,
}

/// Returns the wait before the next poll of a run: 10 s, doubling to 5 minutes.
pub fn compute_poll_wait(polls: i16) -> Duration {
    let doublings = u32::from(polls.clamp(0, 5).unsigned_abs());
    Duration::from_secs((10 << doublings).min(300))
}

/// Halves a range of days; `None` for a single day.
pub(super) fn split_days(first: NaiveDate, last: NaiveDate) -> Option<[(NaiveDate, NaiveDate); 2]> {
    let days = u64::try_from((last - first).num_days())
        .ok()
        .filter(|days| *days > 0)?;
    let middle = first + Days::new(days / 2);
    Some([(first, middle), (middle + Days::new(1), last)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_cover_each_day_once() {
        let first: NaiveDate = "2026-02-27".parse().unwrap();
        for days in 1..40 {
            let last = first + Days::new(days);
            let [(a, b), (c, d)] = split_days(first, last).unwrap();
            assert_eq!((a, d), (first, last));
            assert!(a <= b && c <= d);
            assert_eq!(b + Days::new(1), c);
        }
        assert_eq!(split_days(first, first), None);
    }

    #[test]
    fn polling_slows_down_to_five_minutes() {
        let waits: Vec<u64> = (0..8)
            .map(|polls| compute_poll_wait(polls).as_secs())
            .collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(compute_poll_wait(i16::MAX).as_secs(), 300);
    }
}
