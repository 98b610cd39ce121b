//! Days and times as files write them, and the evidence by which a column's order of day and month is decided.

use crate::catalog::import::options::DateFormat;

/// A wall-clock time, not yet in any zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Days since 1970-01-01.
    pub day: i32,
    /// Microseconds since midnight; `None` where only a day was written.
    pub time: Option<i64>,
    /// Seconds east of UTC, where written.
    pub offset: Option<i32>,
}

/// Reads `text`; a date whose year comes last is read in the order of `format`.
pub(in crate::catalog::import) fn parse(text: &str, format: DateFormat) -> Option<Written> {
    let (triple, rest) = triple(text.as_bytes())?;
    let (year, month, day) = match (triple.year_first, format) {
        (true, _) => (triple.a, triple.b, triple.c),
        (false, DateFormat::DayFirst) => (triple.c, triple.b, triple.a),
        (false, DateFormat::MonthFirst) => (triple.c, triple.a, triple.b),
        (false, DateFormat::YearFirst) => return None,
    };
    let day = day_number(year, month, day)?;
    if rest.is_empty() {
        return Some(Written {
            day,
            time: None,
            offset: None,
        });
    }
    let (time, rest) = clock(&rest[1..])?;
    let offset = if rest.is_empty() {
        None
    } else {
        Some(offset(rest)?)
    };
    Some(Written {
        day,
        time: Some(time),
        offset,
    })
}

struct Triple {
    a: i32,
    b: i32,
    c: i32,
    year_first: bool,
}

/// The three numbers of a date and what follows them, from its separator (`T` or a blank) on.
fn triple(bytes: &[u8]) -> Option<(Triple, &[u8])> {
    let (a, a_len, rest) = digits(bytes, 8)?;
    if a_len == 8 {
        let triple = Triple {
            a: a / 10_000,
            b: a / 100 % 100,
            c: a % 100,
            year_first: true,
        };
        return ended(rest).then_some((triple, rest));
    }
    let (&separator, rest) = rest.split_first()?;
    if !matches!(separator, b'-' | b'/' | b'.') {
        return None;
    }
    let (b, b_len, rest) = digits(rest, 2)?;
    let rest = rest.strip_prefix(&[separator])?;
    let (c, c_len, rest) = digits(rest, 4)?;
    let year_first = a_len == 4;
    let c = match (year_first, c_len) {
        (true, 1 | 2) | (false, 4) => c,
        (false, 2) => 2000 + c,
        _ => return None,
    };
    if !(year_first || a_len <= 2) || b_len > 2 {
        return None;
    }
    ended(rest).then_some((
        Triple {
            a,
            b,
            c,
            year_first,
        },
        rest,
    ))
}

fn ended(rest: &[u8]) -> bool {
    matches!(rest.first(), None | Some(b'T' | b't' | b' '))
}

/// Up to `most` leading digits, how many they were, and the rest.
fn digits(bytes: &[u8], most: usize) -> Option<(i32, usize, &[u8])> {
    let mut value = 0;
    let mut len = 0;
    while len < most && len < bytes.len() && bytes[len].is_ascii_digit() {
        value = value * 10 + i32::from(bytes[len] - b'0');
        len += 1;
    }
    (len > 0).then(|| (value, len, &bytes[len..]))
}

/// `HH:MM[:SS[.ffffff]][ AM]` in microseconds since midnight, and the rest.
fn clock(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (mut hour, _, rest) = digits(bytes, 2)?;
    let (minute, _, mut rest) = digits(rest.strip_prefix(b":")?, 2)?;
    let mut second = 0;
    let mut micros = 0;
    if let Some(after) = rest.strip_prefix(b":") {
        (second, _, rest) = digits(after, 2)?;
        if let Some(after) = rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")) {
            let (fraction, len, after) = digits(after, 9)?;
            micros = i64::from(fraction) * 1_000_000 / 10_i64.pow(u32::try_from(len).ok()?);
            rest = after;
        }
    }
    rest = rest.trim_ascii_start();
    if let [first, b'M' | b'm', after @ ..] = rest
        && let b'A' | b'a' | b'P' | b'p' = first
    {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12
            + if first.eq_ignore_ascii_case(&b'p') {
                12
            } else {
                0
            };
        rest = after.trim_ascii_start();
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some((
        i64::from(hour * 3600 + minute * 60 + second) * 1_000_000 + micros,
        rest,
    ))
}

/// `Z`, `+02`, `+0200` or `+02:00` in seconds east of UTC.
fn offset(bytes: &[u8]) -> Option<i32> {
    let sign = match bytes {
        b"Z" | b"z" => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, _, rest) = digits(&bytes[1..], 2)?;
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let minutes = if rest.is_empty() {
        0
    } else {
        digits(rest, 2).filter(|d| d.1 == 2 && d.2.is_empty())?.0
    };
    (hours <= 15 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Days since 1970-01-01 of a day of the proleptic Gregorian calendar, years 1900 to 2200.
pub(in crate::catalog::import) fn day_number(year: i32, month: i32, day: i32) -> Option<i32> {
    if !(1900..=2200).contains(&year)
        || !(1..=12).contains(&month)
        || day < 1
        || day > days_in(year, month)
    {
        return None;
    }
    // Years that start in March put the leap day last, which makes the months' lengths a linear formula.
    let shifted = if month <= 2 { year - 1 } else { year };
    let months_since_march = (month + 9) % 12;
    let day_of_year = (153 * months_since_march + 2) / 5 + day - 1;
    Some(365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year - 719_468)
}

fn days_in(year: i32, month: i32) -> i32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// What the values of a column say about the order of day and month.
#[derive(Debug, Default, Clone)]
pub(in crate::catalog::import) struct DateEvidence {
    year_first: u64,
    day_first: u64,
    month_first: u64,
    undecided: Vec<String>,
}

impl DateEvidence {
    pub(in crate::catalog::import) fn observe(&mut self, text: &str) {
        let Some((triple, _)) = triple(text.as_bytes()) else {
            return;
        };
        if triple.year_first {
            self.year_first += 1;
            return;
        }
        let day_first = day_number(triple.c, triple.b, triple.a).is_some();
        let month_first = day_number(triple.c, triple.a, triple.b).is_some();
        match (day_first, month_first) {
            (true, false) => self.day_first += 1,
            (false, true) => self.month_first += 1,
            // The same day either way says nothing, and needs no answer.
            (true, true) if triple.a != triple.b && self.undecided.len() < 3 => {
                self.undecided.push(text.to_owned())
            }
            _ => {}
        }
    }

    /// The order that most values speak for; `Err` holds examples where none speaks and some could be either.
    pub(in crate::catalog::import) fn verdict(&self) -> Result<DateFormat, &[String]> {
        match self.day_first.cmp(&self.month_first) {
            std::cmp::Ordering::Greater => Ok(DateFormat::DayFirst),
            std::cmp::Ordering::Less => Ok(DateFormat::MonthFirst),
            std::cmp::Ordering::Equal if !self.undecided.is_empty() || self.day_first > 0 => {
                Err(&self.undecided)
            }
            std::cmp::Ordering::Equal if self.year_first > 0 => Ok(DateFormat::YearFirst),
            std::cmp::Ordering::Equal => Ok(DateFormat::DayFirst),
        }
    }

    pub(in crate::catalog::import) fn is_decided(&self) -> bool {
        self.day_first != self.month_first || (self.year_first > 0 && self.undecided.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, NaiveDate};

    fn read(text: &str, format: DateFormat) -> Option<String> {
        let written = parse(text, format)?;
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
            assert_eq!(read(text, format).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn days_are_numbered_as_the_calendar_library_numbers_them() {
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        let first = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap();
        for date in first.iter_days().take(365 * 200).step_by(7) {
            use chrono::Datelike;
            let (month, day) = (
                i32::try_from(date.month()).unwrap(),
                i32::try_from(date.day()).unwrap(),
            );
            let expected = i32::try_from((date - epoch).num_days()).unwrap();
            assert_eq!(
                day_number(date.year(), month, day),
                Some(expected),
                "{date}"
            );
        }
    }

    #[test]
    fn the_order_of_day_and_month_is_decided_by_the_whole_column() {
        use DateFormat::{DayFirst, MonthFirst, YearFirst};
        for (values, expected) in [
            (&["2011-01-02"][..], Some(YearFirst)),
            (&["01/02/2011", "13/02/2011"], Some(DayFirst)),
            (&["01/02/2011", "02/13/2011"], Some(MonthFirst)),
            (&["01/02/2011", "02/03/2011"], None),
            (&["05/05/2011"], Some(DayFirst)),
            (&["13/02/2011", "14/02/2011", "02/15/2011"], Some(DayFirst)),
            (&["13/02/2011", "02/15/2011"], None),
        ] {
            let mut evidence = DateEvidence::default();
            values.iter().for_each(|v| evidence.observe(v));
            assert_eq!(evidence.verdict().ok(), expected, "{values:?}");
        }
    }
}
