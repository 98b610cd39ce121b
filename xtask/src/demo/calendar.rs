//! Days of the Gregorian calendar, as far as dates need them.

use std::fmt;

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Day(pub(super) i64);

impl Day {
    pub(super) fn plus_days(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    /// Returns 0 for Monday to 6 for Sunday.
    pub(super) fn day_of_week(self) -> usize {
        // 1970-01-01 was a Thursday.
        usize::try_from((self.0 + 3).rem_euclid(7)).unwrap_or_default()
    }

    /// Returns year, month and day of month, each counted from 1.
    ///
    /// The computation starts years on 1 March, so that the leap day is the last of its year.
    pub(super) fn civil_date(self) -> (i64, i64, i64) {
        let from_march_0 = self.0 + 719_468;
        let cycle = from_march_0.div_euclid(146_097);
        let day_of_cycle = from_march_0.rem_euclid(146_097);
        let year_of_cycle = (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524
            - day_of_cycle / 146_096)
            / 365;
        let day_of_year =
            day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        (
            400 * cycle + year_of_cycle + i64::from(month <= 2),
            month,
            day,
        )
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil_date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_gregorian_calendar() {
        for (day, text, weekday) in [
            (0, "1970-01-01", 3),
            (11_016, "2000-02-29", 1),
            (19_782, "2024-02-29", 3),
            (19_783, "2024-03-01", 4),
            (20_453, "2025-12-31", 2),
            (-1, "1969-12-31", 2),
        ] {
            assert_eq!(
                (Day(day).to_string().as_str(), Day(day).day_of_week()),
                (text, weekday)
            );
        }
    }
}
