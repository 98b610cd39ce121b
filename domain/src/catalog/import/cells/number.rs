//! Numbers as people write them: decimal comma or point, thousands grouped by spaces (breaking or not),
//! points, commas or apostrophes, a currency before or behind, a minus in front, behind or as brackets.

use crate::catalog::import::options::DecimalMark;

/// Ten to the number of digits that a result may have.
const LIMIT: i64 = 1_000_000_000_000_000_000;

/// Why a text isn't an acceptable number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog::import) enum NumberFlaw {
    NotANumber,
    /// More than 18 digits at the wanted scale.
    OutOfRange,
}

/// A number and the currency written beside it, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The number times ten to the scale, rounded half away from zero.
    pub scaled: i64,
    pub currency: Option<WrittenCurrency>,
}

/// A currency sign that says which currency is meant. `$` doesn't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrittenCurrency {
    Iso([u8; 3]),
    /// `F CFA`: XOF or XAF.
    Cfa,
}

impl WrittenCurrency {
    pub fn may_be(self, code: [u8; 3]) -> bool {
        match self {
            Self::Iso(iso) => iso == code,
            Self::Cfa => matches!(&code, b"XOF" | b"XAF"),
        }
    }
}

/// Reads `text` at ten to the minus `scale`.
pub(in crate::catalog::import) fn parse(
    text: &str,
    mark: DecimalMark,
    scale: u32,
) -> Result<Written, NumberFlaw> {
    if let Some(scaled) = plain(text.as_bytes(), mark, scale) {
        return Ok(Written {
            scaled,
            currency: None,
        });
    }
    let stripped = strip(text).ok_or(NumberFlaw::NotANumber)?;
    let mut digits = Ungrouped {
        bytes: [0; 40],
        len: 0,
    };
    digits
        .read(stripped.number, mark)
        .ok_or(NumberFlaw::NotANumber)?;
    let scaled = plain(digits.bytes(), DecimalMark::Point, scale).ok_or(NumberFlaw::OutOfRange)?;
    let scaled = if stripped.negative { -scaled } else { scaled };
    Ok(Written {
        scaled,
        currency: stripped.currency,
    })
}

/// `-12.5` and nothing more elaborate; up to 18 digits in the result.
fn plain(bytes: &[u8], mark: DecimalMark, scale: u32) -> Option<i64> {
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
                    let fits = value < LIMIT && after_rounding(digits, seen, mark);
                    return fits.then_some(if negative { -value } else { value });
                }
                Some(places) => *places += 1,
                None => {}
            }
            if value >= 100_000_000_000_000_000 {
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
        .filter(|v| *v < LIMIT)?;
    Some(if negative { -value } else { value })
}

/// Whether only digits follow the one at `position` that decided the rounding.
fn after_rounding(digits: &[u8], position: u32, mark: u8) -> bool {
    debug_assert!(digits.contains(&mark));
    digits[position as usize..].iter().all(u8::is_ascii_digit)
}

fn mark_byte(mark: DecimalMark) -> u8 {
    match mark {
        DecimalMark::Point => b'.',
        DecimalMark::Comma => b',',
    }
}

pub(in crate::catalog::import) struct Stripped<'a> {
    pub(in crate::catalog::import) number: &'a str,
    negative: bool,
    currency: Option<WrittenCurrency>,
}

/// Takes signs, brackets and currencies away; what is left starts and ends with a digit.
pub(in crate::catalog::import) fn strip(text: &str) -> Option<Stripped<'_>> {
    if text.len() > 64 {
        return None;
    }
    let first = text.find(|c: char| c.is_ascii_digit())?;
    let last = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (mut before, mut after) = (tidy(&text[..first]), tidy(&text[last..]));
    let mut negative = false;
    if let (Some(b), Some(a)) = (before.strip_prefix('('), after.strip_suffix(')')) {
        (before, after, negative) = (tidy(b), tidy(a), true);
    }
    for minus in ['-', '\u{2212}', '+'] {
        let found = before
            .strip_prefix(minus)
            .or_else(|| before.strip_suffix(minus))
            .map(tidy);
        if let Some(rest) = found {
            (before, negative) = (rest, negative ^ (minus != '+'));
            break;
        }
        if let Some(rest) = after
            .strip_prefix(minus)
            .or_else(|| after.strip_suffix(minus))
        {
            (after, negative) = (tidy(rest), negative ^ (minus != '+'));
            break;
        }
    }
    let currency = match (before, after) {
        ("", "") => None,
        (sign, "") | ("", sign) => currency_sign(sign)?,
        _ => return None,
    };
    Some(Stripped {
        number: &text[first..last],
        negative,
        currency,
    })
}

fn tidy(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{202f}' || c == '\u{a0}')
}

/// `None`: no currency is written so. `Some(None)`: one is, but not which.
fn currency_sign(sign: &str) -> Option<Option<WrittenCurrency>> {
    let compact: String = sign
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '.')
        .flat_map(char::to_uppercase)
        .collect();
    Some(match compact.as_str() {
        "FCFA" | "CFA" | "FRCFA" | "FRSCFA" => Some(WrittenCurrency::Cfa),
        "€" => Some(WrittenCurrency::Iso(*b"EUR")),
        "£" => Some(WrittenCurrency::Iso(*b"GBP")),
        "$" | "F" | "FR" | "FRS" => None,
        code => {
            platform::money::Currency::from_code(code)?;
            Some(WrittenCurrency::Iso(code.as_bytes().try_into().ok()?))
        }
    })
}

/// The digits without their grouping, the mark turned into a point.
struct Ungrouped {
    bytes: [u8; 40],
    len: usize,
}

impl Ungrouped {
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn push(&mut self, byte: u8) -> Option<()> {
        *self.bytes.get_mut(self.len)? = byte;
        self.len += 1;
        Some(())
    }

    /// Grouping counts as such only where every group has three digits and one separator is used throughout.
    fn read(&mut self, number: &str, mark: DecimalMark) -> Option<()> {
        let mark = char::from(mark_byte(mark));
        let (whole, fraction) = match number.split_once(mark) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (number, None),
        };
        let mut separator = None;
        let mut group = 0;
        for c in whole.chars() {
            if c.is_ascii_digit() {
                group += 1;
                self.push(c as u8)?;
            } else {
                let fits = if separator.is_none() {
                    (1..=3).contains(&group)
                } else {
                    group == 3
                };
                if !is_grouping(c) || c == mark || !fits || separator.is_some_and(|s| s != c) {
                    return None;
                }
                (separator, group) = (Some(c), 0);
            }
        }
        if separator.is_some() && group != 3 {
            return None;
        }
        if let Some(fraction) = fraction {
            self.push(b'.')?;
            for byte in fraction.bytes() {
                if !byte.is_ascii_digit() {
                    return None;
                }
                self.push(byte)?;
            }
        }
        Some(())
    }
}

fn is_grouping(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '.' | ',' | '\'' | '\u{2019}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, mark: DecimalMark) -> Option<i64> {
        parse(text, mark, 3).ok().map(|w| w.scaled)
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
            assert_eq!(read(text, mark), expected, "{text:?}");
        }
    }

    #[test]
    fn a_written_currency_is_told_apart_from_the_rows() {
        let franc = parse("500 FCFA", DecimalMark::Comma, 6)
            .unwrap()
            .currency
            .unwrap();
        assert!(franc.may_be(*b"XOF") && franc.may_be(*b"XAF") && !franc.may_be(*b"EUR"));
        let euro = parse("€ 5,00", DecimalMark::Comma, 6)
            .unwrap()
            .currency
            .unwrap();
        assert!(euro.may_be(*b"EUR") && !euro.may_be(*b"XOF"));
    }

    #[test]
    fn numbers_too_large_for_their_column_are_said_to_be_so() {
        assert_eq!(
            parse("123456789012345678", DecimalMark::Point, 3),
            Err(NumberFlaw::OutOfRange)
        );
        assert_eq!(
            parse("abc", DecimalMark::Point, 3),
            Err(NumberFlaw::NotANumber)
        );
    }
}
