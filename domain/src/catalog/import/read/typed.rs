//! What a cell of a spreadsheet holds, as a kind and a text that needs no convention to be read:
//! numbers with a point, dates year first.

use std::fmt::Write as _;

use super::number_format::Meaning;

/// What a cell holds. Cells of a text file are texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum CellKind {
    #[default]
    Text,
    Number,
    /// A day, with its time where it has one.
    Date,
    Bool,
    /// The error of a formula, such as `#N/A`.
    Error,
    /// A formula of which the file has no result.
    Uncomputed,
    /// A number in a column of texts, whose format shows something else that isn't known.
    Unclear,
}

/// The last day that a spreadsheet knows, 9999-12-31, in days of its calendar.
const MAX_SERIAL: f64 = 2_958_466.0;
/// Days from the epoch of 1900 to that of 1904.
const DAYS_TO_1904: f64 = 1_462.0;
/// 1970-01-01 in days of the calendar.
const SERIAL_OF_1970: i64 = 25_569;
const DAY_MILLIS: i64 = 86_400_000;

/// Writes the number of a cell as what it means: a date, `10 %`, `10.5 €`.
pub(super) fn write_number(
    number: f64,
    meaning: &Meaning,
    is_1904: bool,
    text: &mut String,
) -> CellKind {
    match meaning {
        Meaning::Date => {
            // A time of day without a day counts from no epoch.
            let days = if is_1904 && number >= 1.0 {
                DAYS_TO_1904
            } else {
                0.0
            };
            match number + days {
                serial if (0.0..MAX_SERIAL).contains(&serial) => write_date(serial, text),
                _ => write_plain_number(number, text),
            }
            return CellKind::Date;
        }
        Meaning::Duration => {
            write_duration(number, text);
            return CellKind::Date;
        }
        Meaning::Part => {
            write_plain_number(number * 100.0, text);
            text.push_str(" %");
        }
        Meaning::Percents => {
            write_plain_number(number, text);
            text.push_str(" %");
        }
        Meaning::Money(sign) => {
            write_plain_number(number, text);
            text.push(' ');
            text.push_str(sign);
        }
        Meaning::Number => write_plain_number(number, text),
    }
    CellKind::Number
}

/// Writes a number with the fifteen digits that a spreadsheet shows, without an exponent.
pub(super) fn write_plain_number(number: f64, text: &mut String) {
    let rounded = format!("{number:.14e}").parse().unwrap_or(number);
    let start = text.len();
    // Writing to a text never fails.
    let _ = write!(text, "{rounded}");
    // An error file repeats the number as text, where three digits after the point could be taken
    // for a group of thousands.
    if text[start..]
        .split_once('.')
        .is_some_and(|(_, fraction)| fraction.len() == 3)
    {
        text.push('0');
    }
}

/// Writes a date of the spreadsheet's calendar. A whole number is a day without a time, and a
/// fraction alone a time without a day.
fn write_date(serial: f64, text: &mut String) {
    #[expect(clippy::cast_possible_truncation, reason = "less than 3 million days")]
    let millis = (serial * 86_400_000.0).round() as i64;
    let (day, millis) = (millis / DAY_MILLIS, millis % DAY_MILLIS);
    if day > 0 {
        // The calendar has a 29 February 1900, which never was.
        let since_1970 = day - SERIAL_OF_1970 + i64::from(day < 60);
        let epoch = chrono::DateTime::UNIX_EPOCH.date_naive();
        let _ = write!(text, "{}", epoch + chrono::TimeDelta::days(since_1970));
    }
    if millis > 0 || day == 0 {
        text.push_str(if day > 0 { " " } else { "" });
        write_time(millis, text);
    }
}

/// Writes a time that may pass a day, such as `36:00:00`.
fn write_duration(days: f64, text: &mut String) {
    if !(0.0..MAX_SERIAL).contains(&days) {
        return write_plain_number(days, text);
    }
    #[expect(clippy::cast_possible_truncation, reason = "less than 3 million days")]
    write_time((days * 86_400_000.0).round() as i64, text);
}

fn write_time(millis: i64, text: &mut String) {
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    let (minutes, hours) = (seconds / 60 % 60, seconds / 3_600);
    let _ = write!(text, "{hours:02}:{minutes:02}:{:02}", seconds % 60);
    if millis > 0 {
        let _ = write!(text, ".{millis:03}");
    }
}

/// Writes a date of ISO 8601, without the midnight that stands for no time.
pub(super) fn write_iso_date(date: &str, text: &mut String) {
    let date = date.trim();
    let is_midnight = |time: &str| time.bytes().all(|b| matches!(b, b'0' | b':' | b'.'));
    match date.split_once('T') {
        Some((day, time)) if is_midnight(time) => text.push_str(day),
        _ => text.push_str(date),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(number: f64, meaning: &Meaning) -> String {
        let mut text = String::new();
        write_number(number, meaning, false, &mut text);
        text
    }

    #[test]
    fn dates_are_those_that_a_spreadsheet_shows() {
        for (serial, expected) in [
            (46_300.0, "2026-10-05"),
            (46_300.5, "2026-10-05 12:00:00"),
            (46_300.000_011_574, "2026-10-05 00:00:01"),
            (46_300.999_999_999_9, "2026-10-06"),
            (1.0, "1900-01-01"),
            (59.0, "1900-02-28"),
            (61.0, "1900-03-01"),
            (0.75, "18:00:00"),
            (0.0, "00:00:00"),
            (2_958_465.0, "9999-12-31"),
            (2_958_466.0, "2958466"),
            (-1.0, "-1"),
        ] {
            assert_eq!(write(serial, &Meaning::Date), expected, "{serial}");
        }
        for (number, expected) in [(44_838.0, "2026-10-05"), (0.75, "18:00:00")] {
            let mut text = String::new();
            write_number(number, &Meaning::Date, true, &mut text);
            assert_eq!(text, expected);
        }
        for (days, expected) in [(1.5, "36:00:00"), (0.25, "06:00:00"), (-1.0, "-1")] {
            assert_eq!(write(days, &Meaning::Duration), expected);
        }
    }

    #[test]
    fn percentages_and_amounts_have_their_signs() {
        for (number, expected) in [
            (0.1, "10 %"),
            (0.07, "7 %"),
            (1.1, "110 %"),
            (-0.125, "-12.5 %"),
        ] {
            assert_eq!(write(number, &Meaning::Part), expected);
        }
        assert_eq!(write(10.0, &Meaning::Percents), "10 %");
        assert_eq!(write(10.5, &Meaning::Money("€".into())), "10.5 €");
    }

    #[test]
    fn numbers_have_the_digits_that_a_spreadsheet_shows() {
        for (number, expected) in [
            (22_386.0, "22386"),
            (0.1 + 0.2, "0.3"),
            (1.125, "1.1250"),
            (-0.25, "-0.25"),
            (2.19e26, "219000000000000000000000000"),
            (1e-7, "0.0000001"),
            (5_901_234_123_457.0, "5901234123457"),
        ] {
            assert_eq!(write(number, &Meaning::Number), expected, "{number}");
        }
    }

    #[test]
    fn an_iso_date_at_midnight_is_a_day() {
        for (date, expected) in [
            ("2026-10-05T00:00:00.000", "2026-10-05"),
            ("2026-10-05T08:30:00", "2026-10-05T08:30:00"),
            ("2026-10-05", "2026-10-05"),
        ] {
            let mut text = String::new();
            write_iso_date(date, &mut text);
            assert_eq!(text, expected);
        }
    }
}
