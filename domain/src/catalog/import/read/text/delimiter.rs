//! Which character separates the fields: the one that makes the most columns, evenly, of the
//! first lines.

use super::sep_hint::find_sep_hint;
use super::split::{Quotes, RowSplitter, Split};
use crate::catalog::import::options::DELIMITERS;

/// More than the rows among which a header is searched for.
const SAMPLE_LINES: usize = 100;
const SAMPLE_BYTES: usize = 64 * 1024;
const ALL_LINES: usize = 1000;

/// What the first lines reveal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// Fields of most of the lines.
    pub(super) columns: usize,
    /// Length of a leading line that names the delimiter.
    pub(super) skip: usize,
}

/// Detects the delimiter by the head of a file in UTF-8, unless it is `known`. A line that names
/// another one than that of an even table is wrong.
pub(super) fn detect_dialect(head: &[u8], is_last: bool, known: Option<u8>) -> Dialect {
    let hint = find_sep_hint(head);
    let skip = hint.map_or(0, |hint| hint.length);
    let head = &head[skip..];
    let is_last = is_last && head.len() <= SAMPLE_BYTES;
    let head = &head[..head.len().min(SAMPLE_BYTES)];
    let layout_of = |delimiter| Layout::measure(head, is_last, delimiter);
    let best = DELIMITERS
        .iter()
        .map(|delimiter| layout_of(*delimiter as u8))
        .max_by_key(|layout| (layout.score(), layout.delimiter == b','))
        .unwrap_or_else(|| layout_of(b','));
    let hinted = hint
        .map(|hint| layout_of(hint.delimiter))
        .filter(|hinted| hinted.columns > 1 || best.columns < 2)
        .filter(|hinted| hinted.even_lines >= best.even_lines || best.even_lines < ALL_LINES);
    let chosen = known.map(layout_of).or(hinted).unwrap_or(best);
    Dialect {
        delimiter: chosen.delimiter,
        columns: chosen.columns,
        skip,
    }
}

/// How a delimiter divides the first lines.
#[derive(Debug, Clone, Copy)]
struct Layout {
    delimiter: u8,
    /// Fields of most of the lines that it divides; 1 where it divides none.
    columns: usize,
    /// Lines with as many fields, in thousandths.
    even_lines: usize,
    /// Whether the first of these lines has text in each of its fields, as a header has.
    has_header: bool,
}

impl Layout {
    fn measure(head: &[u8], is_last: bool, delimiter: u8) -> Self {
        let rows = read_rows(head, is_last, delimiter);
        let count = |columns: usize| rows.iter().filter(|row| row.0 == columns).count();
        let divided = rows.iter().map(|row| row.0).filter(|columns| *columns > 1);
        let columns = divided.max_by_key(|columns| (count(*columns), *columns));
        let columns = columns.unwrap_or(1);
        Self {
            delimiter,
            columns,
            even_lines: count(columns) * ALL_LINES / rows.len().max(1),
            has_header: rows.iter().any(|row| row.0 == columns && row.1)
                && rows
                    .iter()
                    .find(|row| row.0 == columns)
                    .is_some_and(|row| row.1),
        }
    }

    fn score(&self) -> usize {
        match self.columns {
            1 => 0,
            // A decimal comma divides the rows below the header.
            columns => columns * self.even_lines / if self.has_header { 1 } else { 4 },
        }
    }
}

/// Returns the number of fields of each of the first rows, and whether all of them have letters.
fn read_rows(head: &[u8], is_last: bool, delimiter: u8) -> Vec<(usize, bool)> {
    let mut splitter = RowSplitter::new(delimiter);
    let (mut rows, mut rest) = (Vec::new(), head);
    while !rest.is_empty() && rows.len() < SAMPLE_LINES {
        let split = match splitter.split(rest, is_last, Quotes::Open) {
            Split::Misquoted { .. }
            | Split::Incomplete {
                in_quotes: true, ..
            } => splitter.split(rest, is_last, Quotes::Literal),
            split => split,
        };
        let (row, extent) = match split {
            Split::Plain(extent) => (&rest[..extent.length], extent),
            Split::Quoted(extent) => (splitter.unquoted(), extent),
            // The head may end inside a line, which is then no evidence.
            _ => break,
        };
        if !row.trim_ascii().is_empty() {
            let mut fields = row.split(|byte| *byte == delimiter);
            let has_letters = |field: &[u8]| {
                field.is_empty()
                    || field
                        .iter()
                        .any(|b| b.is_ascii_alphabetic() || !b.is_ascii())
            };
            rows.push((splitter.ends().len(), fields.all(has_letters)));
        }
        rest = &rest[extent.consumed..];
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_the_one_that_makes_an_even_table() {
        for (head, expected) in [
            ("a,b,c\n1,2,3\n", b','),
            ("a;b;c\n1,5;2,5;3,5\n", b';'),
            ("a\tb\n1,0\t2\n", b'\t'),
            ("a|b|c\n1|2|3", b'|'),
            ("name;price, each\nx, y, z;1\n", b';'),
            ("\"a;b\",c\n\"1;2;3\",4\n", b','),
            ("alone\n1\n", b','),
            ("\"a\nb\";c\r\n\"1\n2\";3\r\n", b';'),
            (
                "List of sales, 2026\n\na;b;c\n1,5;2,5;3,5\n1,5;2,5;3,5\n1,5;2,5;3,5\n",
                b';',
            ),
            ("a;b\n\"3/4;1\nx;2\n", b';'),
        ] {
            let dialect = detect_dialect(head.as_bytes(), true, None);
            assert_eq!(dialect.delimiter, expected, "{head:?}");
        }
    }

    #[test]
    fn a_hint_counts_unless_the_file_contradicts_it() {
        for (head, expected, skip) in [
            ("sep=;\r\na;b,c\r\n1;2,5\r\n", b';', 7),
            ("sep=;\na,b\n1,2\n", b',', 6),
            ("\"sep=,\"\na;b\n1;2\n", b';', 8),
            ("sep=^\na^b\n1^2\n", b'^', 6),
            ("sep=;\nalone\n1\n", b';', 6),
            ("sep=,\na,b\n1,2,\n", b',', 6),
        ] {
            let dialect = detect_dialect(head.as_bytes(), true, None);
            assert_eq!(
                (dialect.delimiter, dialect.skip),
                (expected, skip),
                "{head:?}"
            );
            let known = detect_dialect(head.as_bytes(), true, Some(b'|'));
            assert_eq!((known.delimiter, known.skip), (b'|', skip), "{head:?}");
        }
    }
}
