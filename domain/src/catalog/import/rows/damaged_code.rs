//! Texts that a spreadsheet makes of a product's code: it takes `3-1` for a day, `12:30` for a time
//! and `TRUE` for a truth value.

use crate::Text;
use crate::catalog::import::cells::{is_month, is_time, parse_date, split_date};
use crate::catalog::import::options::DateFormat;

/// A day with its month as a word is at least as long as `3-Mar-26`.
const MIN_NAMED_DATE_BYTES: usize = 8;
const TRUTH_VALUES: [&str; 4] = ["true", "false", "vrai", "faux"];

/// Returns why a code can't be what its author meant: it is a day with its year, a time or a truth
/// value.
#[inline]
pub(super) fn find_damage(code: &str) -> Option<Text> {
    match code.as_bytes() {
        [b'0'..=b'9', rest @ ..] => {
            let has_mark = rest
                .iter()
                .any(|b| matches!(b, b'/' | b'-' | b'.' | b':' | b' '));
            if has_mark {
                find_written_moment(code)
            } else {
                None
            }
        }
        [b'T' | b't' | b'F' | b'f' | b'V' | b'v', ..] if matches!(code.len(), 4 | 5) => {
            let is_truth = TRUTH_VALUES
                .iter()
                .any(|value| code.eq_ignore_ascii_case(value));
            is_truth.then(|| Text::new("damaged_code_truth"))
        }
        _ => None,
    }
}

#[cold]
fn find_written_moment(code: &str) -> Option<Text> {
    if is_time(code) {
        return Some(Text::new("damaged_code_time"));
    }
    let may_be_date = match split_date(code.as_bytes()) {
        Some((parts, _)) => !parts.short_year,
        None => code.len() >= MIN_NAMED_DATE_BYTES,
    };
    let is_date = may_be_date && is_day(code);
    is_date.then(|| Text::new("damaged_code_date"))
}

fn is_day(text: &str) -> bool {
    let formats = [DateFormat::DayFirst, DateFormat::MonthFirst];
    formats
        .iter()
        .any(|format| parse_date(text, *format).is_some())
}

/// Whether a spreadsheet may have made a code of another one: `mars-26`, `1-Mar`, `3/1/26`.
#[inline]
pub(super) fn looks_damaged(code: &str) -> bool {
    match code.split_once(['-', '/']) {
        None => false,
        Some((one, other)) if one.len() <= 2 && other.contains('/') => {
            is_number(one) && split_date(code.as_bytes()).is_some() && is_day(code)
        }
        Some((one, other)) => {
            (is_number(one) && is_written_month(other))
                || (is_number(other) && is_written_month(one))
        }
    }
}

fn is_number(text: &str) -> bool {
    matches!(text.len(), 1 | 2 | 4) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Spreadsheets write no month in capitals.
fn is_written_month(text: &str) -> bool {
    text.chars().any(char::is_lowercase) && is_month(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_times_and_truth_values_are_no_codes() {
        for code in [
            "01/03/2026",
            "2026-03-01",
            "2026-03-01 00:00:00",
            "2026-03-01T00:00:00",
            "3/31/2026",
            "01.03.2026",
            "3-Mar-26",
            "12:30",
            "12:30:00",
            "VRAI",
            "Faux",
            "TRUE",
            "false",
        ] {
            assert!(find_damage(code).is_some(), "{code}");
        }
        for code in [
            "20260301",
            "12.10",
            "12.10.26",
            "01-02-03",
            "3/4",
            "99/99/2026",
            "2026-13-01",
            "A1",
            "RIZ-5",
            "TRUC",
            "VERRE",
            "1-2",
            "12:99",
            "10-2026",
            "5 kg",
            "1.0",
            "",
        ] {
            assert!(find_damage(code).is_none(), "{code}");
        }
    }

    #[test]
    fn months_and_short_dates_look_damaged() {
        for code in [
            "mars-26",
            "1-Mar",
            "03-mars",
            "févr.-26",
            "Oct-12",
            "3/1/26",
            "mai-2026",
        ] {
            assert!(looks_damaged(code), "{code}");
        }
        for code in [
            "MAR-26", "DEC-1", "RIZ-5", "3/4", "mars", "mars-126", "1-2", "savon-26", "31/31/26",
            "12-10-25", "12.10", "",
        ] {
            assert!(!looks_damaged(code), "{code}");
        }
    }
}
