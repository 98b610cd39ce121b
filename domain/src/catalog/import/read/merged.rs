//! Cells that are merged over several rows. The file holds their value once, for the first row; for
//! the rows below they look empty.

use super::package::too_complex;
use super::reference::parse_reference;
use crate::catalog::import::file_error::FileError;

/// More of them are no list of rows.
const MAX_RANGES: usize = 1 << 16;

/// The cells of one sheet that belong to a merged cell of a row above them.
#[derive(Debug, Clone, Default)]
pub(crate) struct MergedCells(Vec<Range>);

#[derive(Debug, Clone, Copy)]
struct Range {
    /// Lines, without the first one, which holds the value.
    lines: [u64; 2],
    columns: [usize; 2],
}

impl MergedCells {
    /// Records a range such as `A2:B7`.
    pub(super) fn insert(&mut self, reference: &str) -> Result<(), FileError> {
        let ends = reference.split_once(':');
        let parsed = ends.and_then(|(a, b)| parse_reference(a).zip(parse_reference(b)));
        let Some((first, last)) = parsed.filter(|(first, last)| first.0 < last.0) else {
            return Ok(());
        };
        if self.0.len() == MAX_RANGES {
            return Err(too_complex("merges"));
        }
        self.0.push(Range {
            lines: [u64::from(first.0) + 1, last.0.into()],
            columns: [first.1 as usize, last.1 as usize],
        });
        Ok(())
    }

    /// Returns the lines of a column whose cells look empty, in their order.
    pub(crate) fn lines_of(&self, column: usize) -> Vec<[u64; 2]> {
        let is_over = |range: &&Range| (range.columns[0]..=range.columns[1]).contains(&column);
        let mut lines: Vec<_> = self.0.iter().filter(is_over).map(|r| r.lines).collect();
        lines.sort_unstable();
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_below_the_first_row_of_a_range_look_empty() {
        let mut merged = MergedCells::default();
        for range in ["B9:C10", "A2:A4", "A7:D7", "B3", "A5:A4", "x"] {
            merged.insert(range).unwrap();
        }
        assert_eq!(merged.lines_of(0), [[3, 4]]);
        assert_eq!(merged.lines_of(2), [[10, 10]]);
        assert_eq!(merged.lines_of(3), [[0; 2]; 0]);
        let error = (0..=MAX_RANGES).find_map(|_| merged.insert("A2:A3").err());
        assert_eq!(error.unwrap().code, "too_complex");
    }
}
