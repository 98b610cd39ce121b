//! Which character parts the fields: the one that gives the most columns, evenly, in the first lines.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::catalog::import::read::record::MAX_COLUMNS;

/// The characters that may part fields.
pub(in crate::catalog::import) const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

const LINES: usize = 20;
const HEAD: usize = 64 * 1024;

/// What the first lines say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog::import) struct Dialect {
    pub delimiter: u8,
    /// Bytes of a leading `sep=;` line, which spreadsheets write and read.
    pub skip: usize,
}

/// Decides by the head of a file in UTF-8.
pub(in crate::catalog::import) fn sniff(head: &[u8]) -> Dialect {
    if let Some(dialect) = named(head) {
        return dialect;
    }
    let head = &head[..head.len().min(HEAD)];
    let best = DELIMITERS
        .iter()
        .map(|d| *d as u8)
        .max_by_key(|d| (score(head, *d), std::cmp::Reverse(*d != b',')));
    Dialect {
        delimiter: best.unwrap_or(b','),
        skip: 0,
    }
}

/// A reader of this dialect.
pub(in crate::catalog::import) fn reader(delimiter: u8) -> Reader {
    ReaderBuilder::new().delimiter(delimiter).build()
}

fn named(head: &[u8]) -> Option<Dialect> {
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

/// Columns times the share of lines that have as many as the header, in thousandths; 0 where there is but one.
fn score(head: &[u8], delimiter: u8) -> usize {
    let mut reader = reader(delimiter);
    let mut fields = [0; MAX_COLUMNS];
    let mut text = vec![0; HEAD + 1];
    let (mut input, mut header, mut lines, mut even) = (head, 0, 0, 0);
    while lines < LINES {
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
            // The head may end inside a line, which then says nothing.
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
            assert_eq!(sniff(head.as_bytes()).delimiter, expected, "{head:?}");
        }
    }
}
