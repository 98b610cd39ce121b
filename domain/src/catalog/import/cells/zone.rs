//! From a wall-clock time to an instant and to the company's day. A day's offset is looked up once
//! and cached: files are mostly in order of date, and a look-up per row would cost more than
//! parsing the row.

use chrono::{MappedLocalTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

use super::date::WrittenTime;

const DAY_MICROS: i64 = 86_400_000_000;

/// An instant and the day on which it falls for the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub(crate) at: i64,
    /// Days since 1970-01-01.
    pub(crate) day: i32,
}

/// Converts times of the file's zone to instants and to days of the company's zone.
pub(crate) struct ZoneClock {
    file: ZoneOffsets,
    company: ZoneOffsets,
    one_zone: bool,
}

impl ZoneClock {
    pub(crate) fn new(file: Tz, company: Tz) -> Self {
        Self {
            file: ZoneOffsets::new(file),
            company: ZoneOffsets::new(company),
            one_zone: file == company,
        }
    }

    /// Converts a written time. A day without a time is that day of the company.
    pub(crate) fn convert_time(&mut self, written: WrittenTime) -> Moment {
        let local = i64::from(written.day) * DAY_MICROS + written.time.unwrap_or(0);
        let at = match (written.offset, written.time) {
            (Some(seconds), _) => local - i64::from(seconds) * 1_000_000,
            (None, Some(_)) => local - self.file.offset_of_local(local),
            (None, None) => local - self.company.offset_of_local(local),
        };
        if written.time.is_none() || (written.offset.is_none() && self.one_zone) {
            return Moment {
                at,
                day: written.day,
            };
        }
        Moment {
            at,
            day: self.day_of(at),
        }
    }

    /// Returns the last microsecond of a day of the company.
    pub(crate) fn end_of_day(&mut self, day: i32) -> i64 {
        let local = (i64::from(day) + 1) * DAY_MICROS;
        local - self.company.offset_of_local(local) - 1
    }

    /// Returns the company's day of an instant.
    pub(crate) fn day_of(&mut self, at: i64) -> i32 {
        let local = at + self.company.offset_of_instant(at);
        // Dates of the years 1900 to 2200 alone are parsed, so the day always fits.
        i32::try_from(local.div_euclid(DAY_MICROS)).unwrap_or(i32::MAX)
    }
}

/// A zone's offsets in microseconds, with the last day of constant offset cached in each direction.
struct ZoneOffsets {
    zone: Tz,
    local: Option<(i64, i64)>,
    instant: Option<(i64, i64)>,
}

impl ZoneOffsets {
    fn new(zone: Tz) -> Self {
        Self {
            zone,
            local: None,
            instant: None,
        }
    }

    fn offset_of_local(&mut self, local: i64) -> i64 {
        let day = local.div_euclid(DAY_MICROS);
        match self.local {
            Some((known, offset)) if known == day => offset,
            _ => {
                let (first, last) = (
                    self.look_up_local(day * DAY_MICROS),
                    self.look_up_local(day * DAY_MICROS + DAY_MICROS - 1),
                );
                if first != last {
                    return self.look_up_local(local);
                }
                self.local = Some((day, first));
                first
            }
        }
    }

    fn offset_of_instant(&mut self, at: i64) -> i64 {
        let day = at.div_euclid(DAY_MICROS);
        match self.instant {
            Some((known, offset)) if known == day => offset,
            _ => {
                let (first, last) = (
                    self.look_up_instant(day * DAY_MICROS),
                    self.look_up_instant(day * DAY_MICROS + DAY_MICROS - 1),
                );
                if first != last {
                    return self.look_up_instant(at);
                }
                self.instant = Some((day, first));
                first
            }
        }
    }

    /// Returns the earlier offset for a time that occurs twice. For a time that the clocks skip,
    /// returns the offset before the jump.
    fn look_up_local(&self, local: i64) -> i64 {
        let naive = naive_from_micros(local);
        let seconds = match self.zone.offset_from_local_datetime(&naive) {
            MappedLocalTime::Single(offset) | MappedLocalTime::Ambiguous(offset, _) => {
                offset.fix().local_minus_utc()
            }
            MappedLocalTime::None => {
                let before = naive - chrono::Duration::hours(3);
                self.zone
                    .offset_from_utc_datetime(&before)
                    .fix()
                    .local_minus_utc()
            }
        };
        i64::from(seconds) * 1_000_000
    }

    fn look_up_instant(&self, at: i64) -> i64 {
        i64::from(
            self.zone
                .offset_from_utc_datetime(&naive_from_micros(at))
                .fix()
                .local_minus_utc(),
        ) * 1_000_000
    }
}

fn naive_from_micros(micros: i64) -> NaiveDateTime {
    chrono::DateTime::from_timestamp_micros(micros)
        .unwrap_or_default()
        .naive_utc()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::import::cells::parse_date;
    use crate::catalog::import::options::DateFormat;

    fn format_moment(text: &str, file: Tz, company: Tz) -> String {
        let moment = ZoneClock::new(file, company)
            .convert_time(parse_date(text, DateFormat::DayFirst).unwrap());
        let day = naive_from_micros(i64::from(moment.day) * DAY_MICROS).date();
        format!("{} {day}", naive_from_micros(moment.at))
    }

    #[test]
    fn times_become_instants_and_the_companys_days() {
        use chrono_tz::{Africa::Dakar, America::New_York, Asia::Tokyo, Europe::Paris};
        for (text, file, company, expected) in [
            (
                "2011-07-01 23:30",
                Dakar,
                Dakar,
                "2011-07-01 23:30:00 2011-07-01",
            ),
            (
                "2011-07-01 00:30",
                Paris,
                Paris,
                "2011-06-30 22:30:00 2011-07-01",
            ),
            (
                "2011-07-01 00:30",
                Paris,
                Dakar,
                "2011-06-30 22:30:00 2011-06-30",
            ),
            ("2011-07-01", Tokyo, Dakar, "2011-07-01 00:00:00 2011-07-01"),
            (
                "2011-07-01T23:30:00-04:00",
                Dakar,
                Dakar,
                "2011-07-02 03:30:00 2011-07-02",
            ),
            (
                "2011-03-27 02:30",
                Paris,
                Paris,
                "2011-03-27 01:30:00 2011-03-27",
            ),
            (
                "2011-10-30 02:30",
                Paris,
                Paris,
                "2011-10-30 00:30:00 2011-10-30",
            ),
            (
                "2011-03-13 02:30",
                New_York,
                New_York,
                "2011-03-13 07:30:00 2011-03-13",
            ),
        ] {
            assert_eq!(
                format_moment(text, file, company),
                expected,
                "{text} {file} {company}"
            );
        }
    }
}
