//! When a schedule's ticks are: a cron line of six fields (seconds first) in a time zone.

use std::str::FromStr as _;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// A schedule line that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("schedule {line:?} in {timezone:?}: {cause}")]
pub struct CronError {
    line: String,
    timezone: String,
    cause: String,
}

#[derive(Debug, Clone)]
pub struct Cron {
    schedule: cron::Schedule,
    timezone: Tz,
}

impl Cron {
    /// # Errors
    /// A malformed line or an unknown IANA time zone.
    pub fn parse(line: &str, timezone: &str) -> Result<Self, CronError> {
        let error = |cause: String| CronError { line: line.to_owned(), timezone: timezone.to_owned(), cause };
        Ok(Self {
            schedule: cron::Schedule::from_str(line).map_err(|e| error(e.to_string()))?,
            timezone: timezone.parse().map_err(|_| error("unknown time zone".to_owned()))?,
        })
    }

    /// The first tick after `time`.
    pub fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.schedule.after(&time.with_timezone(&self.timezone)).next().map(|tick| tick.to_utc())
    }

    /// The last tick after `since` and not after `now`: what is fired of all that was missed.
    pub fn latest_due(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // A long outage has many ticks; only those of the last stretch matter. Two days hold a tick of
        // every schedule that fires daily, and rarer ones have few to walk.
        let near = since.max(now - chrono::TimeDelta::days(2));
        self.last_of(near, now).or_else(|| self.last_of(since, now))
    }

    fn last_of(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.schedule
            .after(&since.with_timezone(&self.timezone))
            .map(|tick| tick.to_utc())
            .take_while(|tick| *tick <= now)
            .last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn of_many_missed_ticks_the_last_is_due() {
        let every_five = Cron::parse("0 */5 * * * *", "UTC").unwrap();
        let due = every_five.latest_due(at("2026-01-01T00:00:00Z"), at("2026-03-01T10:07:00Z"));
        assert_eq!(due, Some(at("2026-03-01T10:05:00Z")));
        assert_eq!(every_five.latest_due(at("2026-03-01T10:05:00Z"), at("2026-03-01T10:07:00Z")), None);
    }

    #[test]
    fn a_daily_tick_fires_once_on_both_days_when_clocks_change() {
        let nightly = Cron::parse("0 30 2 * * *", "Europe/Paris").unwrap();
        for (day, next) in
            [("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"), ("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z")]
        {
            let mut ticks = Vec::new();
            let mut time = at(day);
            while let Some(tick) = nightly.next_after(time).filter(|t| *t < at(next)) {
                ticks.push(tick);
                time = tick;
            }
            ticks.dedup();
            assert!((1..=3).contains(&ticks.len()), "{day}: {ticks:?}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(Cron::parse("every day", "UTC").is_err());
        assert!(Cron::parse("0 0 3 * * *", "Africa/Nowhere").is_err());
    }
}
