//! From a wall-clock time to an instant and to the company's day. Looks a day's offset up once and keeps it:
//! files are mostly in order of date, and a zone look-up per row would cost more than reading the row.

use chrono::{MappedLocalTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

use crate::catalog::import::cells::date::Written;

const DAY: i64 = 86_400_000_000;

/// An instant and the company's day of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog::import) struct Moment {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub at: i64,
    /// Days since 1970-01-01.
    pub day: i32,
}

/// Reads times in the file's zone and finds days in the company's.
pub(in crate::catalog::import) struct Clock {
    file: Offsets,
    company: Offsets,
    one_zone: bool,
}

impl Clock {
    pub(in crate::catalog::import) fn new(file: Tz, company: Tz) -> Self {
        Self {
            file: Offsets::new(file),
            company: Offsets::new(company),
            one_zone: file == company,
        }
    }

    /// The day alone is the company's day, at its midnight in the file's zone.
    pub(in crate::catalog::import) fn moment(&mut self, written: Written) -> Moment {
        let local = i64::from(written.day) * DAY + written.time.unwrap_or(0);
        let at = match written.offset {
            Some(seconds) => local - i64::from(seconds) * 1_000_000,
            None => local - self.file.of_local(local),
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

    /// The company's day of an instant.
    pub(in crate::catalog::import) fn day_of(&mut self, at: i64) -> i32 {
        let local = at + self.company.of_instant(at);
        i32::try_from(local.div_euclid(DAY)).unwrap_or(i32::MAX)
    }
}

/// A zone's offsets in microseconds, with the last constant day of each direction kept.
struct Offsets {
    zone: Tz,
    local: Option<(i64, i64)>,
    instant: Option<(i64, i64)>,
}

impl Offsets {
    fn new(zone: Tz) -> Self {
        Self {
            zone,
            local: None,
            instant: None,
        }
    }

    fn of_local(&mut self, local: i64) -> i64 {
        let day = local.div_euclid(DAY);
        match self.local {
            Some((known, offset)) if known == day => offset,
            _ => {
                let (first, last) = (
                    self.look_up_local(day * DAY),
                    self.look_up_local(day * DAY + DAY - 1),
                );
                if first != last {
                    return self.look_up_local(local);
                }
                self.local = Some((day, first));
                first
            }
        }
    }

    fn of_instant(&mut self, at: i64) -> i64 {
        let day = at.div_euclid(DAY);
        match self.instant {
            Some((known, offset)) if known == day => offset,
            _ => {
                let (first, last) = (
                    self.look_up_instant(day * DAY),
                    self.look_up_instant(day * DAY + DAY - 1),
                );
                if first != last {
                    return self.look_up_instant(at);
                }
                self.instant = Some((day, first));
                first
            }
        }
    }

    /// A time that occurs twice is the earlier; one that the clocks jump over is read by the offset before the jump.
    fn look_up_local(&self, local: i64) -> i64 {
        let naive = naive(local);
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
                .offset_from_utc_datetime(&naive(at))
                .fix()
                .local_minus_utc(),
        ) * 1_000_000
    }
}

fn naive(micros: i64) -> NaiveDateTime {
    chrono::DateTime::from_timestamp_micros(micros)
        .unwrap_or_default()
        .naive_utc()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::import::cells::date::parse;
    use crate::catalog::import::options::DateFormat;

    fn read(text: &str, file: Tz, company: Tz) -> String {
        let moment = Clock::new(file, company).moment(parse(text, DateFormat::DayFirst).unwrap());
        let day = naive(i64::from(moment.day) * DAY).date();
        format!("{} {day}", naive(moment.at))
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
            ("2011-07-01", Tokyo, Dakar, "2011-06-30 15:00:00 2011-07-01"),
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
                read(text, file, company),
                expected,
                "{text} {file} {company}"
            );
        }
    }
}
