//! What `fuzz/` calls beside the public functions. Compiled with `cfg(fuzzing)` alone, which cargo
//! fuzz and the lint set.

use chrono_tz::Tz;

use super::cells::{self, NumberError, WrittenTime, ZoneClock};
use super::options::{DateFormat, DecimalMark};
use super::read;

/// Parses a number as a multiple of ten to the minus `scale`; the error says why it isn't one.
pub fn parse_number(text: &str, has_comma: bool, scale: u32) -> Result<i64, &'static str> {
    let mark = if has_comma {
        DecimalMark::Comma
    } else {
        DecimalMark::Point
    };
    match cells::parse_number(text, mark, scale) {
        Ok(number) => Ok(number.scaled),
        Err(NumberError::NotANumber) => Err("not a number"),
        Err(NumberError::OutOfRange) => Err("out of range"),
    }
}

/// Computes the amount of a line in ten-thousandths from a price in millionths and a quantity in
/// thousandths.
pub fn compute_amount(unit_price: i64, quantity: i64, currency: [u8; 3]) -> Option<i64> {
    cells::compute_amount(unit_price, quantity, currency).map(|money| money.amount)
}

/// Computes the unit price in millionths from a total in millionths.
pub fn compute_unit_price(total: i64, quantity: i64, currency: [u8; 3]) -> Option<i64> {
    cells::compute_unit_price(total, quantity, currency).map(|money| money.unit_price)
}

/// A day from 1970-01-01, microseconds since midnight, and seconds east of UTC.
pub type Written = (i32, Option<i64>, Option<i32>);

/// Parses a date in one of the four orders of day, month and year.
pub fn parse_date(text: &str, order: u8) -> Option<Written> {
    let format = match order % 4 {
        0 => DateFormat::YearFirst,
        1 => DateFormat::DayFirst,
        2 => DateFormat::MonthFirst,
        _ => DateFormat::ShortYearFirst,
    };
    let written = cells::parse_date(text, format)?;
    Some((written.day, written.time, written.offset))
}

/// Splits a text into the parts of a date; returns the separator.
pub fn split_date(text: &str) -> Option<u8> {
    cells::split_date(text.as_bytes()).map(|(parts, _)| parts.separator)
}

/// Converts a written time to microseconds since 1970, the company's day, and the last microsecond
/// of that day.
pub fn convert_time((day, time, offset): Written, file: Tz, company: Tz) -> (i64, i32, i64) {
    let mut clock = ZoneClock::new(file, company);
    let moment = clock.convert_time(WrittenTime { day, time, offset });
    (moment.at, moment.day, clock.end_of_day(moment.day))
}

/// Returns the bytes of a text; `None` where the encoding lacks one of its characters.
pub fn encode_text(label: &str, text: &str) -> Option<Vec<u8>> {
    read::encode_text(label, text)
}
