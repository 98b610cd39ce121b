//! What `fuzz/` calls beside the public functions. Compiled with `cfg(fuzzing)` alone, which cargo
//! fuzz and the lint set.

use chrono::{DateTime, Utc};

use crate::queue::cron::Cron;

/// A parsed cron line with its time zone.
pub struct CronLine(Cron);

impl CronLine {
    pub fn parse(line: &str, timezone: &str) -> Option<Self> {
        Cron::parse(line, timezone).ok().map(Self)
    }

    pub fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.0.next_after(time)
    }

    pub fn latest_due(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.0.latest_due(since, now)
    }
}
