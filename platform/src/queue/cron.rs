//! When a schedule's ticks are: a cron line of six fields (seconds first) in a time zone. Where clocks change, one
//! for certain hours fires once on each day, and one for every hour keeps its rhythm.

use std::str::FromStr as _;

use chrono::{
    DateTime, FixedOffset, MappedLocalTime, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _,
    Utc,
};
use chrono_tz::Tz;
use cron::TimeUnitSpec as _;

/// More than clocks are ever changed by.
const LARGEST_CHANGE: TimeDelta = TimeDelta::hours(3);

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

    /// The first tick after `time`.
    pub fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.ticks_after(time).next()
    }

    /// The last tick after `since` and not after `now`: what is fired of all that was missed.
    pub fn latest_due(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // A long outage has many ticks; only those of the last stretch matter. Two days hold a tick of
        // every schedule that fires daily, and rarer ones have few to walk.
        let near = since.max(now - TimeDelta::days(2));
        self.last_of(near, now).or_else(|| self.last_of(since, now))
    }

    fn last_of(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.ticks_after(since)
            .take_while(|tick| *tick <= now)
            .last()
    }

    fn ticks_after(&self, time: DateTime<Utc>) -> Box<dyn Iterator<Item = DateTime<Utc>> + '_> {
        if self.schedule.hours().is_all() {
            return Box::new(std::iter::successors(self.next_of_rhythm(time), |tick| {
                self.next_of_rhythm(*tick)
            }));
        }
        let local = time.with_timezone(&self.timezone).naive_local() - LARGEST_CHANGE;
        let ticks = self
            .schedule
            .after_owned(local.and_utc())
            .map(|tick| self.instant(tick.naive_utc()));
        Box::new(ticks.skip_while(move |tick| *tick <= time))
    }

    /// Of a schedule for every hour, which has a tick in each that there is: one that comes twice included.
    fn next_of_rhythm(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
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
        // Where the clocks change before it, another tick may come first.
        let after_change = offset_at(&(time + LARGEST_CHANGE));
        Some(next_at(after_change).map_or(next, |other| other.min(next)))
    }

    /// When a clock on the wall shows `local`: the first time where it does so twice, and where it never does, as
    /// long after the change as it would have been.
    fn instant(&self, local: NaiveDateTime) -> DateTime<Utc> {
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

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn of_many_missed_ticks_the_last_is_due() {
        let every_five = Cron::parse("0 */5 * * * *", "UTC").unwrap();
        let due = every_five.latest_due(at("2026-01-01T00:00:00Z"), at("2026-03-01T10:07:00Z"));
        assert_eq!(due, Some(at("2026-03-01T10:05:00Z")));
        assert_eq!(
            every_five.latest_due(at("2026-03-01T10:05:00Z"), at("2026-03-01T10:07:00Z")),
            None
        );
    }

    fn ticks(line: &str, timezone: &str, since: &str, until: &str) -> Vec<String> {
        let cron = Cron::parse(line, timezone).unwrap();
        let ticks =
            std::iter::successors(cron.next_after(at(since)), |tick| cron.next_after(*tick));
        ticks
            .take_while(|tick| *tick <= at(until))
            .map(|tick| tick.format("%d %H:%M").to_string())
            .collect()
    }

    #[test]
    fn a_daily_tick_fires_once_on_both_days_when_clocks_change() {
        let nightly = |since, until| ticks("0 30 2 * * *", "Europe/Paris", since, until);
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
                ticks(
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
        let hourly = ticks(
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
            let time = at("2026-01-01T00:00:00Z") + TimeDelta::minutes(minutes);
            let next = cron.next_after(time).unwrap();
            proptest::prop_assert!(next > time);
            proptest::prop_assert_eq!(cron.latest_due(time, next), Some(next));
            proptest::prop_assert_eq!(cron.latest_due(time, next - TimeDelta::seconds(1)), None);
            proptest::prop_assert_eq!(cron.next_after(next - TimeDelta::seconds(1)), Some(next));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(Cron::parse("every day", "UTC").is_err());
        assert!(Cron::parse("0 0 3 * * *", "Africa/Nowhere").is_err());
    }
}
