//! A code of digits alone, such as `0017`, of which a spreadsheet makes the number 17.

use std::fmt;

/// A code of digits. Its text follows from its number and from how many digits it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct NumericCode {
    pub(crate) number: u64,
    /// 1 to [`NumericCode::MAX_DIGITS`].
    pub(crate) digits: u32,
}

impl NumericCode {
    /// Digits of which each number fits into 64 bits. Longer codes are no numbers to anybody.
    pub(crate) const MAX_DIGITS: usize = 19;

    /// Returns `None` for a key that has no digits, other characters or too many digits.
    #[inline]
    pub(crate) fn parse(key: &str) -> Option<Self> {
        if key.is_empty() || key.len() > Self::MAX_DIGITS {
            return None;
        }
        let mut number = 0;
        for byte in key.bytes() {
            if !byte.is_ascii_digit() {
                return None;
            }
            number = number * 10 + u64::from(byte - b'0');
        }
        let digits = u32::try_from(key.len()).ok()?;
        Some(Self { number, digits })
    }
}

impl fmt::Display for NumericCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$}", self.number, width = self.digits as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numeric_code_is_written_as_it_was_read() {
        for text in [
            "0",
            "000",
            "17",
            "0017",
            "6191234500013",
            "9999999999999999999",
        ] {
            assert_eq!(NumericCode::parse(text).unwrap().to_string(), text);
        }
        for other in ["", "17a", "-1", "1.0", " 17", "10000000000000000000", "٥"] {
            assert_eq!(NumericCode::parse(other), None, "{other}");
        }
    }
}
