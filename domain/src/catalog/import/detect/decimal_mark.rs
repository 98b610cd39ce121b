//! Which decimal mark a column is written with.

use crate::catalog::import::cells::strip_signs;
use crate::catalog::import::options::DecimalMark;

/// Ambiguous values that a question shows.
const MAX_EXAMPLES: usize = 3;

/// What the values of the numeric columns reveal about the decimal mark.
#[derive(Debug, Default, Clone)]
pub(super) struct MarkEvidence {
    point: u64,
    comma: u64,
    undecided: Vec<String>,
}

impl MarkEvidence {
    pub(super) fn observe(&mut self, text: &str) {
        if !text.bytes().any(|b| b == b'.' || b == b',') {
            return;
        }
        let Some(number) = strip_signs(text).map(|bare| bare.digits) else {
            return;
        };
        let points = number.matches('.').count();
        let commas = number.matches(',').count();
        let last = number.rfind(['.', ',']);
        let Some(last) = last else { return };
        let (mark, same, other) = if number.as_bytes()[last] == b'.' {
            (DecimalMark::Point, points, commas)
        } else {
            (DecimalMark::Comma, commas, points)
        };
        let whole = &number[..last];
        let after = number.len() - last - 1;
        let grouped_otherwise = whole.chars().any(|c| !c.is_ascii_digit());
        // A decimal mark occurs once: a sign that occurs twice groups thousands.
        if same > 1 {
            self.count_mark(other_mark(mark));
        } else if other > 0
            || grouped_otherwise
            || after != 3
            || whole.len() > 3
            || whole.starts_with('0')
        {
            self.count_mark(mark);
        } else if self.undecided.len() < MAX_EXAMPLES {
            self.undecided.push(text.to_owned());
        }
    }

    fn count_mark(&mut self, mark: DecimalMark) {
        match mark {
            DecimalMark::Point => self.point += 1,
            DecimalMark::Comma => self.comma += 1,
        }
    }

    /// Returns the mark of most values. `Err` holds examples of ambiguous values, where no value
    /// decides.
    pub(super) fn conclude(&self) -> Result<DecimalMark, &[String]> {
        match self.point.cmp(&self.comma) {
            std::cmp::Ordering::Less => Ok(DecimalMark::Comma),
            std::cmp::Ordering::Greater => Ok(DecimalMark::Point),
            std::cmp::Ordering::Equal if self.point == 0 && self.undecided.is_empty() => {
                Ok(DecimalMark::Point)
            }
            std::cmp::Ordering::Equal => Err(&self.undecided),
        }
    }

    pub(super) fn is_decided(&self) -> bool {
        self.point != self.comma
    }
}

fn other_mark(mark: DecimalMark) -> DecimalMark {
    match mark {
        DecimalMark::Point => DecimalMark::Comma,
        DecimalMark::Comma => DecimalMark::Point,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decimal_mark_is_decided_by_the_whole_column() {
        use DecimalMark::{Comma, Point};
        for (values, expected) in [
            (&["1", "2"][..], Some(Point)),
            (&["1,5", "2"], Some(Comma)),
            (&["1.234", "1.5"], Some(Point)),
            (&["1.234", "1.234,5"], Some(Comma)),
            (&["1,234,567"], Some(Point)),
            (&["0,125"], Some(Comma)),
            (&["1 234,567"], Some(Comma)),
            (&["1,234"], None),
            (&["1.234", "12.500"], None),
        ] {
            let mut evidence = MarkEvidence::default();
            values.iter().for_each(|v| evidence.observe(v));
            assert_eq!(evidence.conclude().ok(), expected, "{values:?}");
        }
    }
}
