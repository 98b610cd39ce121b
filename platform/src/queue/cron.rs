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
        if self.schedule.hours().is_all() {
            self.next_hourly(time)
        } else {
            self.next_daily(time)
        }
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
        std::iter::successors(self.next_after(since), |tick| self.next_after(*tick))
            .take_while(|tick| *tick <= now)
            .last()
    }

    /// Returns the next tick of a schedule for certain hours.
    fn next_daily(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = time.with_timezone(&self.timezone).naive_local() - MAX_CLOCK_CHANGE;
        let ticks = self.schedule.after_owned(local.and_utc());
        let mut ticks = ticks.map(|tick| tick.naive_utc());
        let first = ticks.find(|tick| self.instant_of(*tick) > time)?;
        let next = self.instant_of(first);
        if self.timezone.from_local_datetime(&first) != MappedLocalTime::None {
            return Some(next);
        }
        // A skipped time comes later than it says, maybe after the ticks behind it.
        let near = ticks.take_while(|tick| *tick <= first + MAX_CLOCK_CHANGE);
        let others = near.map(|tick| self.instant_of(tick));
        others.filter(|tick| *tick > time).chain([next]).min()
    }

    /// Returns the next tick of a schedule for every hour, which also fires in a repeated hour.
    fn next_hourly(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (mut after, mut offset) = (time, self.offset_at(time));
        loop {
            let next = self.schedule.after(&after.with_timezone(&offset)).next()?;
            let tick = next.to_utc();
            let near = tick - MAX_CLOCK_CHANGE;
            if near > after {
                // Whatever the clocks do until then, no tick is earlier.
                (after, offset) = (near, self.offset_at(near));
            } else if self.offset_at(tick) == offset {
                return Some(tick);
            } else {
                let change = self.find_change(after, tick, offset);
                (after, offset) = (change - TimeDelta::seconds(1), self.offset_at(change));
            }
        }
    }

    fn offset_at(&self, time: DateTime<Utc>) -> FixedOffset {
        self.timezone
            .offset_from_utc_datetime(&time.naive_utc())
            .fix()
    }

    /// Returns the second behind `after` at which the clocks leave `offset`; at `until` they have.
    fn find_change(
        &self,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
        offset: FixedOffset,
    ) -> DateTime<Utc> {
        let (mut before, mut behind) = (after, until);
        while behind - before > TimeDelta::seconds(1) {
            let middle = before + TimeDelta::seconds((behind - before).num_seconds() / 2);
            if self.offset_at(middle) == offset {
                before = middle;
            } else {
                behind = middle;
            }
        }
        behind
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

    #[test]
    fn a_far_tick_of_every_hour_is_at_the_offset_of_its_own_day() {
        let first =
            |line, zone, since| list_ticks(line, zone, since, "2026-06-02T00:00:00Z")[0].clone();
        let hourly = "0 */59 * * 5 *";
        let since = "2026-01-01T00:00:00Z";
        assert_eq!(first(hourly, "Australia/Lord_Howe", since), "30 13:30");
        assert_eq!(first("0 0 * 1 6 *", "Europe/Paris", since), "31 22:00");
        // The clocks change on the day of the tick, many hours after the time.
        let until_sunday = "0 0 * 29 3 *";
        assert_eq!(
            first(until_sunday, "Europe/Paris", "2026-03-28T02:00:00Z"),
            "28 23:00"
        );
    }

    #[test]
    fn a_tick_at_a_skipped_time_does_not_hide_an_earlier_one() {
        // 2:00 to 2:30 is skipped, at 15:30 UTC.
        let ticks = list_ticks(
            "0 15,40 2 * * *",
            "Australia/Lord_Howe",
            "2026-10-03T12:00:00Z",
            "2026-10-04T12:00:00Z",
        );
        assert_eq!(ticks, ["03 15:40", "03 15:45"]);
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
