//! Days and times as files write them.

use super::calendar::day_number;
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
    let (parts, rest) = split_date(text.as_bytes())?;
    let (year, month, day) = match (parts.year_first, format) {
        (true, _) => (parts.a, parts.b, parts.c),
        (false, DateFormat::DayFirst) => (parts.c, parts.b, parts.a),
        (false, DateFormat::MonthFirst) => (parts.c, parts.a, parts.b),
        (false, DateFormat::YearFirst) => return None,
    };
    let day = day_number(year, month, day)?;
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
    pub(crate) year_first: bool,
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
    let c = match (year_first, c_len) {
        (true, 1 | 2) | (false, 4) => c,
        (false, 2) => 2000 + c,
        _ => return None,
    };
    if !(year_first || a_len <= 2) || b_len > 2 {
        return None;
    }
    ends_date(rest).then_some((
        DateParts {
            a,
            b,
            c,
            year_first,
        },
        rest,
    ))
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
        use DateFormat::{DayFirst, MonthFirst, YearFirst};
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
}
