//! Thousands grouped by spaces (breaking or not), points, commas or apostrophes.

use super::number::mark_byte;
use crate::catalog::import::options::DecimalMark;

const MAX_DIGITS: usize = 40;

/// The digits of a number without their grouping, and a point as decimal mark.
pub(super) struct UngroupedDigits {
    bytes: [u8; MAX_DIGITS],
    len: usize,
}

impl UngroupedDigits {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn push_byte(&mut self, byte: u8) -> Option<()> {
        *self.bytes.get_mut(self.len)? = byte;
        self.len += 1;
        Some(())
    }

    /// Removes the grouping, whose every group must have three digits and one separator throughout.
    pub(super) fn parse(number: &str, mark: DecimalMark) -> Option<Self> {
        let mark = char::from(mark_byte(mark));
        let mut digits = Self {
            bytes: [0; MAX_DIGITS],
            len: 0,
        };
        let (whole, fraction) = match number.split_once(mark) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (number, None),
        };
        let mut separator = None;
        let mut group = 0;
        for c in whole.chars() {
            if c.is_ascii_digit() {
                group += 1;
                digits.push_byte(c as u8)?;
            } else {
                // Nobody groups a number that begins with zero: `0.500` isn't 500.
                let fits = if separator.is_none() {
                    (1..=3).contains(&group) && digits.bytes[0] != b'0'
                } else {
                    group == 3
                };
                if !is_separator(c) || c == mark || !fits || separator.is_some_and(|s| s != c) {
                    return None;
                }
                (separator, group) = (Some(c), 0);
            }
        }
        if separator.is_some() && group != 3 {
            return None;
        }
        if let Some(fraction) = fraction {
            digits.push_byte(b'.')?;
            for byte in fraction.bytes() {
                if !byte.is_ascii_digit() {
                    return None;
                }
                digits.push_byte(byte)?;
            }
        }
        Some(digits)
    }
}

fn is_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '.' | ',' | '\'' | '\u{2019}'
    )
}
