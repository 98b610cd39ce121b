//! The days that a refresh reads. A day's figures change for 28 days (attribution), so that each
//! refresh reads 28 days before the last good day again: an outage of any length leaves no gap.

use chrono::{DateTime, Days, Months, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::{Error, Result};

const FIRST_WINDOW: Days = Days::new(90);
const ATTRIBUTION_WINDOW: Days = Days::new(28);
/// Meta keeps no older figures.
const MAX_HISTORY: Months = Months::new(37);

/// Returns the day of `now` in an ad account's zone.
///
/// # Errors
/// `Invalid` for a zone that isn't in the IANA list, which disables the account.
pub fn today_in(timezone: &str, now: DateTime<Utc>) -> Result<NaiveDate> {
    let zone: Tz = timezone.parse().map_err(|_| {
        Error::invalid(
            "timezone",
            "unknown",
            format!("{timezone:?} is not a time zone"),
        )
    })?;
    Ok(now.with_timezone(&zone).date_naive())
}

/// Returns the first and last day to read on `today`: up to yesterday, from 90 days back at first,
/// later from 28 days before the last good day.
pub fn compute_window(
    last_good_day: Option<NaiveDate>,
    today: NaiveDate,
) -> (NaiveDate, NaiveDate) {
    let last = today - Days::new(1);
    let first = match last_good_day {
        None => today - FIRST_WINDOW,
        Some(good) => good.min(last) - ATTRIBUTION_WINDOW,
    };
    (first.max(today - MAX_HISTORY).min(last), last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_window_covers_any_gap_and_ends_yesterday() {
        let today = parse_day("2026-07-15");
        let cases = [
            (None, "2026-04-16", 90),
            (Some("2026-07-14"), "2026-06-16", 29),
            (Some("2026-07-13"), "2026-06-15", 30),
            (Some("2026-03-01"), "2026-02-01", 164),
            (Some("2026-07-20"), "2026-06-16", 29),
            (Some("2019-01-01"), "2023-06-15", 1126),
        ];
        for (last_good, first, days) in cases {
            let (from, to) = compute_window(last_good.map(parse_day), today);
            assert_eq!(
                (from, to),
                (parse_day(first), parse_day("2026-07-14")),
                "{last_good:?}"
            );
            assert_eq!((to - from).num_days() + 1, days, "{last_good:?}");
        }
    }

    #[test]
    fn today_is_that_of_the_account() {
        let now = "2026-07-15T02:30:00Z".parse().unwrap();
        for (zone, expected) in [
            ("Africa/Dakar", "2026-07-15"),
            ("America/New_York", "2026-07-14"),
            ("Pacific/Auckland", "2026-07-15"),
        ] {
            assert_eq!(today_in(zone, now).unwrap(), parse_day(expected), "{zone}");
        }
        assert!(today_in("Mars/Olympus", now).is_err());
    }
}
