//! Which character separates the fields: the one that makes the most columns, evenly, of the
//! first lines.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::record::MAX_COLUMNS;
use crate::catalog::import::options::DELIMITERS;

const SAMPLE_LINES: usize = 20;
const SAMPLE_BYTES: usize = 64 * 1024;

/// What the first lines reveal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub delimiter: u8,
    /// Length of a leading `sep=;` line, which spreadsheets write and read.
    pub skip: usize,
}

/// Detects the delimiter by the head of a file in UTF-8.
pub(super) fn detect_dialect(head: &[u8]) -> Dialect {
    if let Some(dialect) = read_sep_line(head) {
        return dialect;
    }
    let head = &head[..head.len().min(SAMPLE_BYTES)];
    let best = DELIMITERS
        .iter()
        .map(|d| *d as u8)
        .max_by_key(|d| (score_columns(head, *d), std::cmp::Reverse(*d != b',')));
    Dialect {
        delimiter: best.unwrap_or(b','),
        skip: 0,
    }
}

/// Returns a reader of records with this delimiter.
pub(super) fn csv_reader(delimiter: u8) -> Reader {
    ReaderBuilder::new().delimiter(delimiter).build()
}

fn read_sep_line(head: &[u8]) -> Option<Dialect> {
    let rest = head.strip_prefix(b"sep=")?;
    let (&delimiter, rest) = rest.split_first()?;
    let end = match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => return None,
    };
    DELIMITERS
        .contains(&char::from(delimiter))
        .then_some(Dialect {
            delimiter,
            skip: 5 + end,
        })
}

/// Returns the number of columns times the share of lines with as many fields as the header, in
/// thousandths; 0 for a single column.
fn score_columns(head: &[u8], delimiter: u8) -> usize {
    let mut reader = csv_reader(delimiter);
    let mut fields = [0; MAX_COLUMNS];
    let mut text = vec![0; SAMPLE_BYTES + 1];
    let (mut input, mut header, mut lines, mut even) = (head, 0, 0, 0);
    while lines < SAMPLE_LINES {
        let (result, read, _, count) = reader.read_record(input, &mut text, &mut fields);
        input = &input[read..];
        match result {
            ReadRecordResult::Record => {
                if lines == 0 {
                    header = count;
                }
                lines += 1;
                even += usize::from(count == header);
            }
            ReadRecordResult::OutputEndsFull => return MAX_COLUMNS,
            // The head may end inside a line, which is then no evidence.
            _ => break,
        }
    }
    if header < 2 {
        return 0;
    }
    header * even * 1000 / lines.max(1)
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
            ("sep=;\r\na,b\r\n", b';'),
        ] {
            assert_eq!(
                detect_dialect(head.as_bytes()).delimiter,
                expected,
                "{head:?}"
            );
        }
    }
}
