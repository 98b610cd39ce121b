//! Which decimal mark a column is written with.

use crate::catalog::import::cells::number::strip;
use crate::catalog::import::options::DecimalMark;

/// What the values of a column say about its decimal mark.
#[derive(Debug, Default, Clone)]
pub(in crate::catalog::import) struct MarkEvidence {
    point: u64,
    comma: u64,
    undecided: Vec<String>,
}

impl MarkEvidence {
    pub(in crate::catalog::import) fn observe(&mut self, text: &str) {
        if !text.bytes().any(|b| b == b'.' || b == b',') {
            return;
        }
        let Some(number) = strip(text).map(|s| s.number) else {
            return;
        };
        let points = number.matches('.').count();
        let commas = number.matches(',').count();
        let last = number.rfind(['.', ',']);
        let Some(last) = last else { return };
        let is_point = number.as_bytes()[last] == b'.';
        let (same, other) = if is_point {
            (points, commas)
        } else {
            (commas, points)
        };
        let whole = &number[..last];
        let after = number.len() - last - 1;
        let grouped_otherwise = whole.chars().any(|c| !c.is_ascii_digit());
        if same > 1 {
            self.count(!is_point);
        } else if other > 0
            || grouped_otherwise
            || after != 3
            || whole.len() > 3
            || whole.starts_with('0')
        {
            self.count(is_point);
        } else if self.undecided.len() < 3 {
            self.undecided.push(text.to_owned());
        }
    }

    fn count(&mut self, point: bool) {
        if point {
            self.point += 1;
        } else {
            self.comma += 1;
        }
    }

    /// The mark that most values speak for; `Err` holds examples where none speaks and some could be either.
    pub(in crate::catalog::import) fn verdict(&self) -> Result<DecimalMark, &[String]> {
        match self.point.cmp(&self.comma) {
            std::cmp::Ordering::Less => Ok(DecimalMark::Comma),
            std::cmp::Ordering::Greater => Ok(DecimalMark::Point),
            std::cmp::Ordering::Equal if self.point == 0 && self.undecided.is_empty() => {
                Ok(DecimalMark::Point)
            }
            std::cmp::Ordering::Equal => Err(&self.undecided),
        }
    }

    pub(in crate::catalog::import) fn is_decided(&self) -> bool {
        self.point != self.comma
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
            assert_eq!(evidence.verdict().ok(), expected, "{values:?}");
        }
    }
}
