//! Days and times as files write them.

use super::calendar::day_number;
use super::month_name::parse_named_date;
use super::time::{parse_offset, split_digits, split_time};
use crate::catalog::import::options::DateFormat;

/// A wall-clock time, not yet in any zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrittenTime {
    /// Days since 1970-01-01.
    pub(crate) day: i32,
    /// Microseconds since midnight; `None` where only a day was written.
    pub(crate) time: Option<i64>,
    /// Seconds east of UTC, where written.
    pub(crate) offset: Option<i32>,
}

/// Parses `text`; `format` decides the order of day and month where the year comes last.
pub(crate) fn parse_date(text: &str, format: DateFormat) -> Option<WrittenTime> {
    let Some((parts, rest)) = split_date(text.as_bytes()) else {
        return parse_named_date(text);
    };
    let day = parts.day_number(format)?;
    parse_rest(day, rest)
}

/// Returns a date's time, whose day isn't known without the order in which it is written.
pub(crate) fn find_time(text: &str) -> Option<WrittenTime> {
    match split_date(text.as_bytes()) {
        Some((_, rest)) => parse_rest(0, rest),
        None => parse_named_date(text),
    }
}

/// Parses a date that stands year first and whose day and month are swapped.
pub(crate) fn parse_swapped_date(text: &str) -> Option<WrittenTime> {
    let (parts, rest) = split_date(text.as_bytes())?;
    let day = day_number(parts.a, parts.c, parts.b).filter(|_| parts.year_first)?;
    parse_rest(day, rest)
}

/// Parses the time behind a day.
pub(super) fn parse_rest(day: i32, rest: &[u8]) -> Option<WrittenTime> {
    if rest.is_empty() {
        return Some(WrittenTime {
            day,
            time: None,
            offset: None,
        });
    }
    let (time, rest) = split_time(&rest[1..])?;
    let offset = if rest.is_empty() {
        None
    } else {
        Some(parse_offset(rest)?)
    };
    Some(WrittenTime {
        day,
        time: Some(time),
        offset,
    })
}

/// The three numbers of a date in the order in which they stand.
pub(crate) struct DateParts {
    pub(crate) a: i32,
    pub(crate) b: i32,
    pub(crate) c: i32,
    /// The first number has four digits.
    pub(crate) year_first: bool,
    /// All three numbers have two digits at most; 2000 is added to `c`.
    pub(crate) short_year: bool,
    pub(crate) separator: u8,
}

impl DateParts {
    /// Returns the days since 1970-01-01; `None` where these are no day in this order.
    pub(crate) fn day_number(&self, format: DateFormat) -> Option<i32> {
        match (self.year_first, format) {
            (true, _) => day_number(self.a, self.b, self.c),
            (false, DateFormat::DayFirst) => day_number(self.c, self.b, self.a),
            (false, DateFormat::MonthFirst) => day_number(self.c, self.a, self.b),
            (false, DateFormat::ShortYearFirst) if self.short_year => {
                day_number(2000 + self.a, self.b, self.c - 2000)
            }
            (false, DateFormat::ShortYearFirst | DateFormat::YearFirst) => None,
        }
    }
}

/// Splits a date from what follows it; the rest starts with its separator, `T` or a blank.
pub(crate) fn split_date(bytes: &[u8]) -> Option<(DateParts, &[u8])> {
    let (a, a_len, rest) = split_digits(bytes, 8)?;
    if a_len == 8 {
        let parts = DateParts {
            a: a / 10_000,
            b: a / 100 % 100,
            c: a % 100,
            year_first: true,
            short_year: false,
            separator: b' ',
        };
        return ends_date(rest).then_some((parts, rest));
    }
    let (&separator, rest) = rest.split_first()?;
    if !matches!(separator, b'-' | b'/' | b'.') {
        return None;
    }
    let (b, b_len, rest) = split_digits(rest, 2)?;
    let rest = rest.strip_prefix(&[separator])?;
    let (c, c_len, rest) = split_digits(rest, 4)?;
    let year_first = a_len == 4;
    let short_year = a_len <= 2 && c_len == 2;
    let c = match (year_first, c_len) {
        (true, 1 | 2) | (false, 4) => c,
        (false, 2) => 2000 + c,
        _ => return None,
    };
    if !(year_first || a_len <= 2) || b_len > 2 {
        return None;
    }
    let parts = DateParts {
        a,
        b,
        c,
        year_first,
        short_year,
        separator,
    };
    ends_date(rest).then_some((parts, rest))
}

fn ends_date(rest: &[u8]) -> bool {
    matches!(rest.first(), None | Some(b'T' | b't' | b' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn format_date(text: &str, format: DateFormat) -> Option<String> {
        let written = parse_date(text, format)?;
        let epoch = DateTime::UNIX_EPOCH.naive_utc();
        let at = epoch + chrono::Days::new(u64::try_from(written.day).ok()?);
        let at = at + chrono::Duration::microseconds(written.time.unwrap_or(0));
        Some(format!(
            "{at}{}",
            written.offset.map_or(String::new(), |o| format!(" {o}"))
        ))
    }

    #[test]
    fn dates_are_read_as_files_write_them() {
        use DateFormat::{DayFirst, MonthFirst, ShortYearFirst, YearFirst};
        for (text, format, expected) in [
            (
                "2010-12-01 08:26:00",
                YearFirst,
                Some("2010-12-01 08:26:00"),
            ),
            ("2010-12-01", DayFirst, Some("2010-12-01 00:00:00")),
            ("20101201", YearFirst, Some("2010-12-01 00:00:00")),
            (
                "2010-12-01T08:26:00.250Z",
                YearFirst,
                Some("2010-12-01 08:26:00.250 0"),
            ),
            (
                "2010-12-01T08:26+01:30",
                YearFirst,
                Some("2010-12-01 08:26:00 5400"),
            ),
            (
                "2010-12-01T08:26:00-0500",
                YearFirst,
                Some("2010-12-01 08:26:00 -18000"),
            ),
            ("01/02/2011", DayFirst, Some("2011-02-01 00:00:00")),
            ("01/02/2011", MonthFirst, Some("2011-01-02 00:00:00")),
            ("1.2.11 7:05", DayFirst, Some("2011-02-01 07:05:00")),
            ("11-02-01", ShortYearFirst, Some("2011-02-01 00:00:00")),
            ("01/02/2011", ShortYearFirst, None),
            (
                "12/31/2011 11:30 PM",
                MonthFirst,
                Some("2011-12-31 23:30:00"),
            ),
            (
                "12/31/2011 12:00 am",
                MonthFirst,
                Some("2011-12-31 00:00:00"),
            ),
            ("29/02/2012", DayFirst, Some("2012-02-29 00:00:00")),
            ("29/02/2011", DayFirst, None),
            ("31/04/2011", DayFirst, None),
            ("01/02/2011", YearFirst, None),
            ("2011-13-01", YearFirst, None),
            ("2011-12-01 25:00", YearFirst, None),
            ("2011-12-01x", YearFirst, None),
            ("2011-12/01", YearFirst, None),
            ("01/02/211", DayFirst, None),
            ("tomorrow", DayFirst, None),
            ("", DayFirst, None),
            ("0000-00-00", YearFirst, None),
        ] {
            assert_eq!(format_date(text, format).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_swapped_date_has_its_day_and_its_month_back() {
        for (text, swapped) in [
            ("2026-05-10", Some("2026-10-05")),
            ("2026-05-10 08:30:00", Some("2026-10-05 08:30:00")),
            ("2026-05-13", None),
            ("05/10/2026", None),
        ] {
            let expected = swapped.and_then(|text| parse_date(text, DateFormat::YearFirst));
            assert_eq!(parse_swapped_date(text), expected, "{text}");
        }
    }

    #[test]
    fn hours_are_read_as_the_french_write_them() {
        for (text, expected) in [
            ("12/01/2026 14h05", "2026-01-12 14:05:00"),
            ("12/01/2026 14h", "2026-01-12 14:00:00"),
            ("12/01/2026 à 14 h 05", "2026-01-12 14:05:00"),
        ] {
            let read = format_date(text, DateFormat::DayFirst);
            assert_eq!(read.as_deref(), Some(expected), "{text:?}");
        }
    }
}
