//! A date with its time and offset, and its instant in some zones.
#![no_main]

use chrono::{DateTime, TimeDelta};
use chrono_tz::Tz;
use domain::catalog::import::fuzzing::{Written, convert_time, parse_date, split_date};
use libfuzzer_sys::fuzz_target;

/// Zones whose clocks change, at midnight too, by half an hour and by a day.
const ZONES: [Tz; 8] = [
    Tz::Africa__Dakar,
    Tz::Europe__Paris,
    Tz::America__New_York,
    Tz::Africa__Casablanca,
    Tz::Africa__Cairo,
    Tz::Australia__Lord_Howe,
    Tz::Pacific__Apia,
    Tz::America__St_Johns,
];
const DAY_MICROS: i64 = 86_400_000_000;
/// 2011-12-30.
const DAY_LEFT_OUT_IN_APIA: i32 = 15_338;

fuzz_target!(|input: &[u8]| {
    let Some((&order, text)) = input.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let _ = split_date(text);
    let Some(written) = parse_date(text, order) else {
        return;
    };
    read_back(text, order, written);
    let zone_of = |number: usize| ZONES[number % ZONES.len()];
    convert(
        written,
        zone_of(text.len()),
        zone_of(usize::from(order) / 4),
    );
});

/// A date that is read and written is read as the same.
fn read_back(text: &str, order: u8, written: Written) {
    let (day, time, offset) = written;
    // The years 1900 to 2200.
    assert!((-25_567..=84_371).contains(&day), "{text:?}: day {day}");
    let at = DateTime::UNIX_EPOCH.naive_utc() + TimeDelta::days(day.into());
    let mut again = at.format("%Y-%m-%d").to_string();
    if let Some(micros) = time {
        assert!((0..DAY_MICROS).contains(&micros), "{text:?}: {micros}");
        let at = at + TimeDelta::microseconds(micros);
        again += &at.format(" %H:%M:%S%.6f").to_string();
    }
    if let Some(seconds) = offset {
        let minutes = seconds.abs() / 60;
        assert!(
            minutes < 16 * 60 && seconds % 60 == 0,
            "{text:?}: {seconds}"
        );
        let sign = if seconds < 0 { '-' } else { '+' };
        again += &format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
    }
    assert_eq!(
        parse_date(&again, order),
        Some(written),
        "{text:?} as {again:?}"
    );
}

fn convert(written: Written, file: Tz, company: Tz) {
    let (at, day, end_of_day) = convert_time(written, file, company);
    let local = i64::from(written.0) * DAY_MICROS + written.1.unwrap_or(0);
    assert!(
        (at - local).abs() <= DAY_MICROS + DAY_MICROS / 2,
        "{written:?} in {file}"
    );
    assert!(
        (day - written.0).abs() <= 2,
        "{written:?} in {file} and {company}"
    );
    if written.1.is_some() {
        // Clocks that are set back at midnight repeat the end of a day. What is written of a day
        // that a zone left out is of the next one.
        let late = if written.0 == DAY_LEFT_OUT_IN_APIA {
            DAY_MICROS
        } else {
            DAY_MICROS / 24
        };
        let until = end_of_day + late;
        assert!(
            at <= until,
            "{written:?} in {file} and {company}: {at} after {end_of_day}"
        );
    }
}
