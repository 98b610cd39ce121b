//! Which decimal mark a column is written with.

use super::evidence::{Doubt, Evidence};
use crate::catalog::import::cells::parse_number;
use crate::catalog::import::options::DecimalMark;

/// Digits behind the mark that are compared.
const SCALE: u32 = 6;

/// What the values of a column reveal about its decimal mark.
#[derive(Debug, Clone)]
pub(super) struct MarkEvidence(Evidence<DecimalMark, 2>);

impl MarkEvidence {
    pub(super) fn new() -> Self {
        Self(Evidence::new([DecimalMark::Point, DecimalMark::Comma]))
    }

    pub(super) fn observe(&mut self, line: u64, text: &str) {
        if !text.bytes().any(|byte| byte == b'.' || byte == b',') {
            return;
        }
        let read_with = |mark| parse_number(text, mark, SCALE).ok().map(|n| n.scaled);
        let readings = [DecimalMark::Point, DecimalMark::Comma].map(read_with);
        self.0.observe(line, text, &readings);
    }

    pub(super) fn conclude(&self) -> Result<DecimalMark, Doubt<DecimalMark>> {
        self.0.conclude(|_| true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Err` holds the lines of the examples.
    fn conclude(values: &[&str]) -> Result<DecimalMark, Vec<u64>> {
        let mut evidence = MarkEvidence::new();
        for (line, value) in (1..).zip(values) {
            evidence.observe(line, value);
        }
        let lines = |doubt: Doubt<_>| doubt.examples.iter().map(|e| e.line).collect();
        evidence.conclude().map_err(lines)
    }

    #[test]
    fn the_whole_column_decides_its_mark() {
        use DecimalMark::{Comma, Point};
        for (values, expected) in [
            (&["12", "1500"][..], Ok(Point)),
            (&["12.5", "1,500"], Ok(Point)),
            (&["12,5", "1.500"], Ok(Comma)),
            (&["1.234,50"], Ok(Comma)),
            (&["1,234,567"], Ok(Point)),
            (&["0.500"], Ok(Point)),
            (&["1 234,5 F CFA"], Ok(Comma)),
            (&["14.550", "2.125"], Err(vec![1, 2])),
            (&["1,500", "2.5", "7,25"], Err(vec![3, 2])),
            (&["12.03.2026", "n/a", "2,5"], Ok(Comma)),
        ] {
            assert_eq!(conclude(values), expected, "{values:?}");
        }
    }
}
