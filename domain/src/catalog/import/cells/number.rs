//! Numbers as people write them, with a decimal comma or point. A plain number is parsed in one
//! pass; `grouping` and `currency_sign` handle the rest.

use super::currency_sign::strip_signs;
use super::grouping::UngroupedDigits;
use crate::catalog::import::options::DecimalMark;
use crate::catalog::import::written_currency::WrittenCurrency;

/// Ten to the number of digits that a result may have.
const SCALED_LIMIT: i64 = 1_000_000_000_000_000_000;

/// Significant digits that a computed number holds exactly.
const EXACT_DIGITS: usize = 15;

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
    pub(crate) precision: Precision,
    pub(crate) currency: Option<WrittenCurrency>,
}

/// What a number loses at the requested scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    Exact,
    /// Decimals that a program computed, such as the third of a price.
    Computed,
    /// Decimals that a person wrote.
    TooFine,
}

/// Parses `text` as a multiple of ten to the minus `scale`.
pub(crate) fn parse_number(
    text: &str,
    mark: DecimalMark,
    scale: u32,
) -> Result<WrittenNumber, NumberError> {
    if let Some((scaled, precision)) = parse_plain(text.as_bytes(), mark, scale) {
        return Ok(WrittenNumber {
            scaled,
            precision,
            currency: None,
        });
    }
    let bare = strip_signs(text).ok_or(NumberError::NotANumber)?;
    let digits = UngroupedDigits::parse(bare.digits, mark).ok_or(NumberError::NotANumber)?;
    let (scaled, precision) =
        parse_plain(digits.as_bytes(), DecimalMark::Point, scale).ok_or(NumberError::OutOfRange)?;
    let scaled = if bare.is_negative { -scaled } else { scaled };
    Ok(WrittenNumber {
        scaled,
        precision,
        currency: bare.currency,
    })
}

/// Returns the number of a percentage such as `10 %`; `None` for another text.
pub(crate) fn strip_percent(text: &str) -> Option<&str> {
    text.trim_end()
        .strip_suffix(['%', '\u{ff05}'])
        .map(str::trim)
}

/// Parses `-12.5` and nothing more elaborate; up to 18 digits in the result.
fn parse_plain(bytes: &[u8], mark: DecimalMark, scale: u32) -> Option<(i64, Precision)> {
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
                    let value = if negative { -value } else { value };
                    return fits.then(|| (value, judge_precision(digits, seen as usize)));
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
    let value = if negative { -value } else { value };
    Some((value, Precision::Exact))
}

/// Whether only digits follow the one at `position`, which decided the rounding.
fn is_number_beyond(digits: &[u8], position: u32, mark: u8) -> bool {
    debug_assert!(digits.contains(&mark));
    digits[position as usize..].iter().all(u8::is_ascii_digit)
}

/// Says what the digits from `position` on are. A program writes a computed number with 15 to 17
/// significant digits, of which those beyond the 15th are noise: `0.30000000000000004` is 0.3.
#[cold]
fn judge_precision(digits: &[u8], position: usize) -> Precision {
    let tail = &digits[position..];
    if tail.iter().all(|byte| *byte == b'0') {
        return Precision::Exact;
    }
    let is_digit = |byte: &&u8| byte.is_ascii_digit();
    let leading = digits
        .iter()
        .take_while(|byte| !(b'1'..=b'9').contains(byte));
    let zeros = leading.filter(is_digit).count();
    let significant = digits.iter().filter(is_digit).count() - zeros;
    if significant < EXACT_DIGITS {
        return Precision::TooFine;
    }
    let noise = significant - EXACT_DIGITS;
    let shown = &tail[..tail.len().saturating_sub(noise)];
    let is_noise = noise > 0
        && [b'0', b'9']
            .iter()
            .any(|d| shown.iter().all(|byte| byte == d));
    if is_noise {
        Precision::Exact
    } else {
        Precision::Computed
    }
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
    fn decimals_beyond_the_scale_are_noise_or_computed_or_too_fine() {
        use Precision::{Computed, Exact, TooFine};
        for (text, expected) in [
            ("1.234", Exact),
            ("1.2340000", Exact),
            ("1.2345", TooFine),
            ("2.00001", TooFine),
            ("-0.0005", TooFine),
            ("1 234.56789", TooFine),
            ("0.30000000000000004", Exact),
            ("2.9999999999999996", Exact),
            ("1234.5670000000001", Exact),
            ("0.333333333333333", Computed),
            ("3.3333333333333335", Computed),
        ] {
            let number = parse_number(text, DecimalMark::Point, 3).unwrap();
            assert_eq!(number.precision, expected, "{text}");
        }
        let noise = parse_number("2.9999999999999996", DecimalMark::Point, 3);
        assert_eq!(noise.unwrap().scaled, 3_000);
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
