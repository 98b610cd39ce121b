//! What people write around a number: a currency, a minus in front, behind or as brackets.

use crate::catalog::import::written_currency::WrittenCurrency;

const MAX_NUMBER_BYTES: usize = 64;

/// A number apart from what is written around it.
pub(super) struct BareNumber<'a> {
    /// Starts and ends with a digit.
    pub(super) digits: &'a str,
    pub(super) is_negative: bool,
    pub(super) currency: Option<WrittenCurrency>,
}

/// Removes signs, brackets and currencies.
pub(super) fn strip_signs(text: &str) -> Option<BareNumber<'_>> {
    if text.len() > MAX_NUMBER_BYTES {
        return None;
    }
    let first = text.find(|c: char| c.is_ascii_digit())?;
    let last = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (mut before, mut after) = (trim_spaces(&text[..first]), trim_spaces(&text[last..]));
    let mut negative = false;
    if let (Some(b), Some(a)) = (before.strip_prefix('('), after.strip_suffix(')')) {
        (before, after, negative) = (trim_spaces(b), trim_spaces(a), true);
    }
    for minus in ['-', '\u{2212}', '+'] {
        let found = before
            .strip_prefix(minus)
            .or_else(|| before.strip_suffix(minus))
            .map(trim_spaces);
        if let Some(rest) = found {
            (before, negative) = (rest, negative ^ (minus != '+'));
            break;
        }
        if let Some(rest) = after
            .strip_prefix(minus)
            .or_else(|| after.strip_suffix(minus))
        {
            (after, negative) = (trim_spaces(rest), negative ^ (minus != '+'));
            break;
        }
    }
    let currency = match (before, after) {
        ("", "") => None,
        (sign, "") | ("", sign) => Some(WrittenCurrency::parse(sign)?),
        _ => return None,
    };
    Some(BareNumber {
        digits: &text[first..last],
        is_negative: negative,
        currency,
    })
}

fn trim_spaces(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{202f}' || c == '\u{a0}')
}
