//! Numbers as people write them, with a decimal comma or point. A plain number is parsed in one
//! pass; `grouping` and `currency_sign` handle the rest.

use super::currency_sign::{WrittenCurrency, strip_signs};
use super::grouping::UngroupedDigits;
use crate::catalog::import::options::DecimalMark;

/// Ten to the number of digits that a result may have.
const SCALED_LIMIT: i64 = 1_000_000_000_000_000_000;

/// Why a text isn't an acceptable number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberError {
    NotANumber,
    /// More than 18 digits at the requested scale.
    OutOfRange,
}

/// A number and the currency written beside it, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrittenNumber {
    /// The number times ten to the scale, rounded half away from zero.
    pub(crate) scaled: i64,
    pub(crate) currency: Option<WrittenCurrency>,
}

/// Parses `text` as a multiple of ten to the minus `scale`.
pub(crate) fn parse_number(
    text: &str,
    mark: DecimalMark,
    scale: u32,
) -> Result<WrittenNumber, NumberError> {
    if let Some(scaled) = parse_plain(text.as_bytes(), mark, scale) {
        return Ok(WrittenNumber {
            scaled,
            currency: None,
        });
    }
    let bare = strip_signs(text).ok_or(NumberError::NotANumber)?;
    let digits = UngroupedDigits::parse(bare.digits, mark).ok_or(NumberError::NotANumber)?;
    let scaled =
        parse_plain(digits.as_bytes(), DecimalMark::Point, scale).ok_or(NumberError::OutOfRange)?;
    let scaled = if bare.is_negative { -scaled } else { scaled };
    Ok(WrittenNumber {
        scaled,
        currency: bare.currency,
    })
}

/// Parses `-12.5` and nothing more elaborate; up to 18 digits in the result.
fn parse_plain(bytes: &[u8], mark: DecimalMark, scale: u32) -> Option<i64> {
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mark = mark_byte(mark);
    let mut value: i64 = 0;
    let mut fraction = None::<u32>;
    let mut seen = 0_u32;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            match &mut fraction {
                Some(places) if *places == scale => {
                    value += i64::from(digit >= 5);
                    let fits = value < SCALED_LIMIT && is_number_beyond(digits, seen, mark);
                    return fits.then_some(if negative { -value } else { value });
                }
                Some(places) => *places += 1,
                None => {}
            }
            if value >= SCALED_LIMIT / 10 {
                return None;
            }
            value = value * 10 + i64::from(digit);
        } else if byte == mark && fraction.is_none() {
            fraction = Some(0);
        } else {
            return None;
        }
        seen += 1;
    }
    let missing = scale - fraction.unwrap_or(0);
    if seen == 0 || fraction == Some(0) {
        return None;
    }
    let value = value
        .checked_mul(10_i64.pow(missing))
        .filter(|v| *v < SCALED_LIMIT)?;
    Some(if negative { -value } else { value })
}

/// Whether only digits follow the one at `position`, which decided the rounding.
fn is_number_beyond(digits: &[u8], position: u32, mark: u8) -> bool {
    debug_assert!(digits.contains(&mark));
    digits[position as usize..].iter().all(u8::is_ascii_digit)
}

pub(super) fn mark_byte(mark: DecimalMark) -> u8 {
    match mark {
        DecimalMark::Point => b'.',
        DecimalMark::Comma => b',',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_thousandths(text: &str, mark: DecimalMark) -> Option<i64> {
        parse_number(text, mark, 3).ok().map(|w| w.scaled)
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        use DecimalMark::{Comma, Point};
        for (text, mark, expected) in [
            ("6", Point, Some(6_000)),
            ("-12.5", Point, Some(-12_500)),
            ("2,55", Comma, Some(2_550)),
            ("1 234,50 F CFA", Comma, Some(1_234_500)),
            ("1\u{202f}234\u{202f}567,5", Comma, Some(1_234_567_500)),
            ("1\u{a0}234 €", Comma, Some(1_234_000)),
            ("1.234.567,89", Comma, Some(1_234_567_890)),
            ("$1,234.50", Point, Some(1_234_500)),
            ("(12.50)", Point, Some(-12_500)),
            ("12.50-", Point, Some(-12_500)),
            ("+3", Point, Some(3_000)),
            ("1'234.5", Point, Some(1_234_500)),
            ("0.0005", Point, Some(1)),
            ("-0.0005", Point, Some(-1)),
            ("0.00049", Point, Some(0)),
            ("XOF 500", Point, Some(500_000)),
            ("12 34", Point, None),
            ("1,23,456", Point, None),
            ("1.2.3", Point, None),
            ("2,55", Point, None),
            ("", Point, None),
            ("-", Point, None),
            ("12x", Point, None),
            ("1e5", Point, None),
            (".", Point, None),
            ("5.", Point, None),
            (".5", Point, Some(500)),
            ("0.12345x", Point, None),
            ("999999999999999999999", Point, None),
            ("999999999999999.999", Point, Some(999_999_999_999_999_999)),
            ("999999999999999.9996", Point, None),
            ("-999 999 999 999 999,9999", Comma, None),
        ] {
            assert_eq!(parse_thousandths(text, mark), expected, "{text:?}");
        }
    }

    #[test]
    fn a_written_currency_is_compared_with_the_rows_currency() {
        let franc = parse_number("500 FCFA", DecimalMark::Comma, 6)
            .unwrap()
            .currency
            .unwrap();
        assert!(franc.may_be(*b"XOF") && franc.may_be(*b"XAF") && !franc.may_be(*b"EUR"));
        let euro = parse_number("€ 5,00", DecimalMark::Comma, 6)
            .unwrap()
            .currency
            .unwrap();
        assert!(euro.may_be(*b"EUR") && !euro.may_be(*b"XOF"));
    }

    #[test]
    fn a_number_too_large_for_its_column_is_out_of_range() {
        assert_eq!(
            parse_number("123456789012345678", DecimalMark::Point, 3),
            Err(NumberError::OutOfRange)
        );
        assert_eq!(
            parse_number("abc", DecimalMark::Point, 3),
            Err(NumberError::NotANumber)
        );
    }
}
