//! Days whose month is written as a word, in French or English: `1er mars 2026`, `Oct 5, 2026`.

use super::calendar::day_number;
use super::date::{WrittenTime, parse_rest};
use super::text::fold_text;
use super::time::split_digits;

const MAX_DATE_BYTES: usize = 64;

/// Words of each month, folded as by [`fold_text`].
const MONTHS: [&str; 12] = [
    "janvier janv jan january",
    "fevrier fevr fev february febr feb",
    "mars mar march",
    "avril avr april apr",
    "mai may",
    "juin june jun",
    "juillet juil july jul",
    "aout aou august aug",
    "septembre sept sep september",
    "octobre oct october",
    "novembre nov november",
    "decembre dec december",
];

/// A Tuesday (mardi) where another word names the month.
const TUESDAY_OR_MARCH: &str = "mar";

/// Words of each day of the week, Monday first.
const WEEKDAYS: [&str; 7] = [
    "lundi lun monday mon",
    "mardi tuesday tues tue",
    "mercredi mer wednesday wed",
    "jeudi jeu thursday thurs thur thu",
    "vendredi ven friday fri",
    "samedi sam saturday sat",
    "dimanche dim sunday sun",
];
const TUESDAY: i32 = 1;
/// 1970-01-01 was a Thursday.
const WEEKDAY_OF_1970: i32 = 3;

/// Words that may stand in a date and decide nothing.
const FILLERS: [&str; 12] = [
    "le", "de", "du", "of", "the", "on", "er", "st", "nd", "rd", "th", "e",
];

/// A date and the day of the week that stands beside it, from Monday's 0.
struct NamedDate {
    written: WrittenTime,
    weekday: Option<i32>,
}

impl NamedDate {
    fn is_consistent(&self) -> bool {
        let of_day = (self.written.day + WEEKDAY_OF_1970).rem_euclid(7);
        self.weekday.is_none_or(|weekday| weekday == of_day)
    }
}

/// Whether a text is a date beside the name of another day of the week.
pub(crate) fn contradicts_weekday(text: &str) -> bool {
    read_named_date(text).is_some_and(|date| !date.is_consistent())
}

/// Parses a date with the name of its month. The number of four digits is the year; of two short
/// ones the second is.
pub(super) fn parse_named_date(text: &str) -> Option<WrittenTime> {
    let date = read_named_date(text)?;
    date.is_consistent().then_some(date.written)
}

fn read_named_date(text: &str) -> Option<NamedDate> {
    if text.len() > MAX_DATE_BYTES || !text.contains(char::is_alphabetic) {
        return None;
    }
    let (mut month, mut weekday) = (None, None);
    let mut may_be_march = false;
    let mut numbers = Vec::with_capacity(2);
    let mut rest = text;
    while numbers.len() < 2 || (month.is_none() && !may_be_march) {
        rest = rest.trim_start_matches(is_separator);
        if let Some((value, digits, after)) = split_digits(rest.as_bytes(), 4) {
            numbers.push((value, digits));
            rest = &rest[rest.len() - after.len()..];
        } else {
            let word;
            (word, rest) = split_word(rest)?;
            match find_word(&MONTHS, &word) {
                Some(_) if word == TUESDAY_OR_MARCH => may_be_march = true,
                Some(found) if month.is_none() => month = Some(found + 1),
                None if FILLERS.contains(&&*word) => {}
                None => weekday = Some(find_word(&WEEKDAYS, &word)?),
                Some(_) => return None,
            }
        }
    }
    let (year, day) = match numbers[..] {
        [(day, 1 | 2), (year, 4)] | [(year, 4), (day, 1 | 2)] => (year, day),
        [(day, 1 | 2), (year, 2)] => (2000 + year, day),
        _ => return None,
    };
    if may_be_march && month.is_some() {
        weekday = Some(TUESDAY);
    }
    let march = may_be_march.then_some(3);
    let day = day_number(year, month.or(march)?, day)?;
    let ends_date = rest.is_empty() || rest.starts_with([' ', ',', '\u{a0}', '\u{202f}']);
    let rest = rest.trim_start_matches(is_separator);
    let written = match (ends_date, rest) {
        (true, "") => parse_rest(day, b""),
        (true, time) => parse_rest(day, format!(" {time}").as_bytes()),
        (false, _) => None,
    };
    Some(NamedDate {
        written: written?,
        weekday,
    })
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | '.' | '-' | '/')
}

/// Splits off a word, accents and all, and folds it.
fn split_word(text: &str) -> Option<(String, &str)> {
    let is_part = |c: char| c.is_alphabetic() || ('\u{300}'..='\u{36f}').contains(&c);
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    (end > 0).then(|| (fold_text(&text[..end]), &text[end..]))
}

/// Whether a word is the name of a month, as `mars` and `Mar`.
pub(crate) fn is_month(word: &str) -> bool {
    find_word(&MONTHS, &fold_text(word)).is_some()
}

/// Returns the place of the names among which a word is.
fn find_word(names: &[&str], word: &str) -> Option<i32> {
    (0..).zip(names).find_map(|(place, names)| {
        let is_named = names.split_ascii_whitespace().any(|name| name == word);
        is_named.then_some(place)
    })
}

#[cfg(test)]
mod tests {
    use crate::catalog::import::cells::calendar::day_number;
    use crate::catalog::import::cells::parse_date;
    use crate::catalog::import::options::DateFormat;

    #[test]
    fn months_are_read_as_words() {
        for (text, expected) in [
            ("12 janv. 2026", Some((2026, 1, 12))),
            ("3 févr. 2026", Some((2026, 2, 3))),
            ("3 fe\u{301}vr. 2026", Some((2026, 2, 3))),
            ("1er mars 2026", Some((2026, 3, 1))),
            ("15 AOÛT 2026", Some((2026, 8, 15))),
            ("lundi 5 octobre 2026", Some((2026, 10, 5))),
            ("lundi 6 octobre 2026", None),
            ("Tue, 5 Oct 2026", None),
            ("mar. 4 nov. 2026", None),
            ("mar. 3 nov. 2026", Some((2026, 11, 3))),
            ("mar. 3 mars 2026", Some((2026, 3, 3))),
            ("3-Mar-26", Some((2026, 3, 3))),
            ("Oct 5, 2026", Some((2026, 10, 5))),
            ("October 5th, 2026", Some((2026, 10, 5))),
            ("Mon, 5 Oct 2026", Some((2026, 10, 5))),
            ("2026 Oct 5", Some((2026, 10, 5))),
            ("31 février 2026", None),
            ("mar. 03/11/2026", None),
            ("3 mars", None),
            ("3 mars avril 2026", None),
            ("5 oct 14:30", None),
            ("demain 3 mars 2026", None),
            ("mars 2026", None),
        ] {
            let expected = expected.map(|(y, m, d)| day_number(y, m, d).unwrap());
            let read = parse_date(text, DateFormat::DayFirst).map(|written| written.day);
            assert_eq!(read, expected, "{text:?}");
        }
    }

    #[test]
    fn a_time_may_follow_the_year() {
        let at = |hour: i64, minute: i64| Some((hour * 60 + minute) * 60_000_000);
        for (text, expected) in [
            ("12 janv. 2026 14h05", at(14, 5)),
            ("12 janv. 2026 à 14:05", at(14, 5)),
            ("Oct 5, 2026, 2:30 PM", at(14, 30)),
        ] {
            let read = parse_date(text, DateFormat::DayFirst).unwrap();
            assert_eq!(read.time, expected, "{text:?}");
        }
        assert_eq!(parse_date("5 oct 2026 soir", DateFormat::DayFirst), None);
    }
}
