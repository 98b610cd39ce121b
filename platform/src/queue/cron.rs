//! The ticks of a schedule: a cron line of six fields (seconds first) in a time zone. When clocks
//! change, a schedule for certain hours fires once per day, and one for every hour keeps its
//! rhythm.

use std::str::FromStr as _;

use chrono::{
    DateTime, FixedOffset, MappedLocalTime, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _,
    Utc,
};
use chrono_tz::Tz;
use cron::TimeUnitSpec as _;

/// More than any change of clocks.
const MAX_CLOCK_CHANGE: TimeDelta = TimeDelta::hours(3);

/// A cron line or a time zone that can't be parsed.
#[derive(Debug, thiserror::Error)]
#[error("schedule {line:?} in {timezone:?}: {cause}")]
pub(crate) struct CronError {
    line: String,
    timezone: String,
    cause: String,
}

/// A parsed cron line with its time zone.
#[derive(Debug, Clone)]
pub(crate) struct Cron {
    schedule: cron::Schedule,
    timezone: Tz,
}

impl Cron {
    /// Parses a line of six fields and the IANA name of a time zone.
    pub(crate) fn parse(line: &str, timezone: &str) -> Result<Self, CronError> {
        let error = |cause: String| CronError {
            line: line.to_owned(),
            timezone: timezone.to_owned(),
            cause,
        };
        Ok(Self {
            schedule: cron::Schedule::from_str(line).map_err(|e| error(e.to_string()))?,
            timezone: timezone
                .parse()
                .map_err(|_| error("unknown time zone".to_owned()))?,
        })
    }

    /// Returns the first tick after `time`.
    pub(crate) fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.ticks_after(time).next()
    }

    /// Returns the last tick after `since` and not after `now`: of missed ticks only this one
    /// fires.
    pub(crate) fn latest_due(
        &self,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        // A long outage misses many ticks. Two days hold a tick of every daily schedule, and rarer
        // schedules have few ticks to walk.
        let near = since.max(now - TimeDelta::days(2));
        self.last_tick(near, now)
            .or_else(|| self.last_tick(since, now))
    }

    fn last_tick(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.ticks_after(since)
            .take_while(|tick| *tick <= now)
            .last()
    }

    fn ticks_after(&self, time: DateTime<Utc>) -> Box<dyn Iterator<Item = DateTime<Utc>> + '_> {
        if self.schedule.hours().is_all() {
            return Box::new(std::iter::successors(self.next_hourly(time), |tick| {
                self.next_hourly(*tick)
            }));
        }
        let local = time.with_timezone(&self.timezone).naive_local() - MAX_CLOCK_CHANGE;
        let ticks = self
            .schedule
            .after_owned(local.and_utc())
            .map(|tick| self.instant_of(tick.naive_utc()));
        Box::new(ticks.skip_while(move |tick| *tick <= time))
    }

    /// Returns the next tick of a schedule for every hour, which also fires in a repeated hour.
    fn next_hourly(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let offset_at = |time: &DateTime<Utc>| {
            self.timezone
                .offset_from_utc_datetime(&time.naive_utc())
                .fix()
        };
        let next_at = |offset: FixedOffset| {
            let mut ticks = self
                .schedule
                .after(&time.with_timezone(&offset))
                .map(|tick| tick.to_utc());
            ticks.find(|tick| offset_at(tick) == offset || *tick > time + TimeDelta::days(1))
        };
        let next = next_at(offset_at(&time))?;
        // If the clocks change before it, another tick may come first.
        let after_change = offset_at(&(time + MAX_CLOCK_CHANGE));
        Some(next_at(after_change).map_or(next, |other| other.min(next)))
    }

    /// Converts local time to an instant: the first of two for a repeated local time. A skipped one
    /// is as long after the change as it would have been without it.
    fn instant_of(&self, local: NaiveDateTime) -> DateTime<Utc> {
        match self.timezone.from_local_datetime(&local) {
            MappedLocalTime::Single(time) | MappedLocalTime::Ambiguous(time, _) => time.to_utc(),
            MappedLocalTime::None => {
                let before = self
                    .timezone
                    .offset_from_utc_datetime(&(local - TimeDelta::days(1)))
                    .fix();
                (local - before).and_utc()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn of_many_missed_ticks_the_last_is_due() {
        let every_five = Cron::parse("0 */5 * * * *", "UTC").unwrap();
        let due = every_five.latest_due(
            parse_time("2026-01-01T00:00:00Z"),
            parse_time("2026-03-01T10:07:00Z"),
        );
        assert_eq!(due, Some(parse_time("2026-03-01T10:05:00Z")));
        assert_eq!(
            every_five.latest_due(
                parse_time("2026-03-01T10:05:00Z"),
                parse_time("2026-03-01T10:07:00Z")
            ),
            None
        );
    }

    fn list_ticks(line: &str, timezone: &str, since: &str, until: &str) -> Vec<String> {
        let cron = Cron::parse(line, timezone).unwrap();
        let ticks = std::iter::successors(cron.next_after(parse_time(since)), |tick| {
            cron.next_after(*tick)
        });
        ticks
            .take_while(|tick| *tick <= parse_time(until))
            .map(|tick| tick.format("%d %H:%M").to_string())
            .collect()
    }

    #[test]
    fn a_daily_tick_fires_once_on_both_days_when_clocks_change() {
        let nightly = |since, until| list_ticks("0 30 2 * * *", "Europe/Paris", since, until);
        assert_eq!(
            nightly("2026-03-27T12:00:00Z", "2026-03-30T12:00:00Z"),
            ["28 01:30", "29 01:30", "30 00:30"]
        );
        assert_eq!(
            nightly("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"),
            ["25 00:30", "26 01:30"]
        );
    }

    #[test]
    fn a_schedule_for_every_hour_keeps_its_rhythm_when_clocks_change() {
        for change in ["2026-03-29", "2026-10-25"] {
            let around = |line| {
                list_ticks(
                    line,
                    "Europe/Paris",
                    &format!("{change}T00:00:00Z"),
                    &format!("{change}T03:00:00Z"),
                )
            };
            assert_eq!(around("0 */5 * * * *").len(), 36, "{change}");
            assert_eq!(around("0 0 * * * *").len(), 3, "{change}");
        }
        // By half an hour, at 15:00 UTC.
        let hourly = list_ticks(
            "0 0 * * * *",
            "Australia/Lord_Howe",
            "2026-04-04T13:00:00Z",
            "2026-04-04T17:00:00Z",
        );
        assert_eq!(hourly, ["04 14:00", "04 15:30", "04 16:30"]);
    }

    proptest::proptest! {
        #[test]
        fn ticks_go_forward_and_the_latest_due_is_the_last_of_them(
            minutes in 0..527_040_i64,
            (line, zone) in proptest::sample::select(vec![
                ("0 30 2 * * *", "Europe/Paris"), ("0 */7 * * * *", "America/New_York"),
                ("0 15 * * * *", "Australia/Lord_Howe"), ("0 0 */6 * * 1-5", "Africa/Casablanca"),
            ]),
        ) {
            let cron = Cron::parse(line, zone).unwrap();
            let time = parse_time("2026-01-01T00:00:00Z") + TimeDelta::minutes(minutes);
            let next = cron.next_after(time).unwrap();
            proptest::prop_assert!(next > time);
            proptest::prop_assert_eq!(cron.latest_due(time, next), Some(next));
            proptest::prop_assert_eq!(cron.latest_due(time, next - TimeDelta::seconds(1)), None);
            proptest::prop_assert_eq!(cron.next_after(next - TimeDelta::seconds(1)), Some(next));
        }
    }

    #[test]
    fn malformed_lines_and_unknown_zones_are_rejected() {
        assert!(Cron::parse("every day", "UTC").is_err());
        assert!(Cron::parse("0 0 3 * * *", "Africa/Nowhere").is_err());
    }
}
