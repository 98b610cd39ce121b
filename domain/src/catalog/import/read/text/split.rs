//! Cuts a text into rows and their fields. A field is quoted where its first character is a quote,
//! or the first one behind blanks; a quote anywhere else belongs to the text, but not in a row that
//! has quoted fields too.

use crate::catalog::import::read::record::MAX_COLUMNS;

/// How the row at the start of a text ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Split {
    /// No field is quoted: the row is its text.
    Plain(Extent),
    /// Some field is quoted: the row is in [`RowSplitter::unquoted`].
    Quoted(Extent),
    /// A quote stands where none may, on this line of the row, from 1.
    Misquoted {
        line: u64,
    },
    /// The text ends before the row does.
    Incomplete {
        lines: u64,
        in_quotes: bool,
    },
    TooManyColumns,
}

/// The size of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Bytes without the line end.
    pub(super) length: usize,
    /// Bytes with the line end.
    pub(super) consumed: usize,
    /// Lines of the file.
    pub(super) lines: u64,
}

/// What a quote at the start of a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    Open,
    Literal,
}

/// Splits rows; holds the fields of the last one.
pub(super) struct RowSplitter {
    delimiter: u8,
    /// Whether a byte ends a field outside quotes.
    ends_field: [bool; 256],
    ends: Vec<usize>,
    unquoted: Vec<u8>,
}

impl RowSplitter {
    pub(super) fn new(delimiter: u8) -> Self {
        let mut ends_field = [false; 256];
        for byte in [b'\r', b'\n', delimiter] {
            ends_field[usize::from(byte)] = true;
        }
        Self {
            delimiter,
            ends_field,
            ends: Vec::with_capacity(MAX_COLUMNS),
            unquoted: Vec::new(),
        }
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Returns the end of each field of the last row; a delimiter follows it.
    #[inline]
    pub(super) fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// Returns the last row where it is [`Split::Quoted`]: its fields with delimiters in between.
    #[inline]
    pub(super) fn unquoted(&self) -> &[u8] {
        &self.unquoted
    }

    /// Returns the fields of the last row, whose text is given.
    pub(super) fn fields_of<'t>(&'t self, text: &'t [u8]) -> impl Iterator<Item = &'t [u8]> {
        let starts = [0].into_iter().chain(self.ends.iter().map(|end| end + 1));
        starts
            .zip(&self.ends)
            .map(|(start, end)| &text[start..*end])
    }

    /// Splits the row at the start of `text`. More text may follow unless `is_last`.
    #[inline]
    pub(super) fn split(&mut self, text: &[u8], is_last: bool, quotes: Quotes) -> Split {
        self.ends.clear();
        let mut start = 0;
        loop {
            if quotes == Quotes::Open && is_quoted(&text[start..]) {
                return self.split_quoted(text, is_last);
            }
            let field = text[start..].iter();
            let length = field
                .clone()
                .position(|byte| self.ends_field[usize::from(*byte)])
                .unwrap_or(field.len());
            let end = start + length;
            if self.ends.len() == MAX_COLUMNS {
                return Split::TooManyColumns;
            }
            self.ends.push(end);
            if text.get(end) != Some(&self.delimiter) {
                return end_row(text, end, 1, is_last).map_or(
                    Split::Incomplete {
                        lines: 1,
                        in_quotes: false,
                    },
                    Split::Plain,
                );
            }
            start = end + 1;
        }
    }

    fn split_quoted(&mut self, text: &[u8], is_last: bool) -> Split {
        self.ends.clear();
        self.unquoted.clear();
        let (mut at, mut lines) = (0, 1);
        loop {
            let field = &text[at..];
            if is_quoted(field) {
                let opening = count_blanks(field) + 1;
                match self.take_quoted(&field[opening..], is_last, &mut lines) {
                    Some(length) => at += opening + length,
                    None => {
                        return Split::Incomplete {
                            lines,
                            in_quotes: true,
                        };
                    }
                }
            } else {
                let ends_field = |byte: &u8| *byte == b'"' || self.ends_field[usize::from(*byte)];
                let length = field.iter().position(ends_field).unwrap_or(field.len());
                self.unquoted.extend_from_slice(&field[..length]);
                at += length;
            }
            if self.ends.len() == MAX_COLUMNS {
                return Split::TooManyColumns;
            }
            self.ends.push(self.unquoted.len());
            match text.get(at) {
                Some(byte) if *byte == self.delimiter => {
                    self.unquoted.push(*byte);
                    at += 1;
                }
                None | Some(b'\r' | b'\n') => {
                    return end_row(text, at, lines, is_last).map_or(
                        Split::Incomplete {
                            lines,
                            in_quotes: false,
                        },
                        Split::Quoted,
                    );
                }
                Some(_) => return Split::Misquoted { line: lines },
            }
        }
    }

    /// Takes a field from behind its opening quote. Returns its length up to what follows the
    /// closing quote and blanks; `None` where the text ends first.
    fn take_quoted(&mut self, text: &[u8], is_last: bool, lines: &mut u64) -> Option<usize> {
        let mut at = 0;
        loop {
            let is_special = |byte: &u8| matches!(byte, b'"' | b'\r' | b'\n');
            let special = at + text[at..].iter().position(is_special)?;
            let taken = match (text[special], text.get(special + 1)) {
                (b'"' | b'\r', None) if !is_last => return None,
                (b'"', Some(b'"')) => special + 1,
                (b'"', _) => {
                    self.unquoted.extend_from_slice(&text[at..special]);
                    let behind = &text[special + 1..];
                    return Some(special + 1 + count_blanks(behind));
                }
                (b'\r', Some(b'\n')) => special + 2,
                _ => special + 1,
            };
            *lines += u64::from(text[special] != b'"');
            self.unquoted.extend_from_slice(&text[at..taken]);
            // The second of two quotes is left out.
            at = taken + usize::from(text[special] == b'"');
        }
    }
}

/// Whether a text starts with a quoted field.
#[inline]
fn is_quoted(text: &[u8]) -> bool {
    match text.first() {
        Some(b'"') => true,
        Some(b' ') => text.get(count_blanks(text)) == Some(&b'"'),
        _ => false,
    }
}

pub(super) fn count_blanks(text: &[u8]) -> usize {
    text.iter().take_while(|byte| **byte == b' ').count()
}

/// Returns the extent of a row whose text ends at `end`; `None` where more may belong to it.
#[inline]
fn end_row(text: &[u8], end: usize, lines: u64, is_last: bool) -> Option<Extent> {
    let line_end = match &text[end..] {
        [b'\r', b'\n', ..] => 2,
        [b'\r'] if !is_last => return None,
        [] if !is_last => return None,
        [] => 0,
        _ => 1,
    };
    Some(Extent {
        length: end,
        consumed: end + line_end,
        lines,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the fields of a row, without regard to how it ends.
    fn split_fields(text: &str) -> (Split, Vec<String>) {
        let mut splitter = RowSplitter::new(b';');
        let split = splitter.split(text.as_bytes(), true, Quotes::Open);
        let row = match split {
            Split::Quoted(_) => splitter.unquoted(),
            _ => text.as_bytes(),
        };
        let fields = splitter.fields_of(row);
        let fields = fields.map(|field| String::from_utf8_lossy(field).into_owned());
        (split, fields.collect())
    }

    #[test]
    fn fields_are_split_within_quotes_and_without() {
        for (text, fields, lines) in [
            ("a;b\nc", &["a", "b"][..], 1),
            ("a;;\r\nc", &["a", "", ""], 1),
            ("3/4\";x", &["3/4\"", "x"], 1),
            ("\"a;b\";\"\"\rc", &["a;b", ""], 1),
            ("\"a \"\"b\"\"\";c", &["a \"b\"", "c"], 1),
            ("a; \"b;c\";  \"d\" ; 3/4", &["a", "b;c", "d", " 3/4"], 1),
            (" \"a\"; b", &["a", " b"], 1),
            ("a; b \"c\";d", &["a", " b \"c\"", "d"], 1),
            ("a;\"b\r\nc\nd\" ;e\n", &["a", "b\r\nc\nd", "e"], 3),
        ] {
            let (split, found) = split_fields(text);
            assert_eq!(found, fields, "{text:?}");
            let (Split::Plain(extent) | Split::Quoted(extent)) = split else {
                panic!("{text:?}: {split:?}")
            };
            assert_eq!(extent.lines, lines, "{text:?}");
        }
    }

    #[test]
    fn a_quote_where_none_may_stand_is_found_on_its_line() {
        for (text, line) in [
            ("\"a\"b;c", 1),
            ("\"a;b\nc;\"d\";e", 2),
            ("3/4\";\"c\"", 1),
            ("a; \"b\" c", 1),
            ("\"a\";3/4\"", 1),
        ] {
            assert_eq!(split_fields(text).0, Split::Misquoted { line }, "{text:?}");
        }
        let open = Split::Incomplete {
            lines: 2,
            in_quotes: true,
        };
        assert_eq!(split_fields("a;\"b\nc").0, open);
    }

    #[test]
    fn a_row_that_may_continue_is_incomplete() {
        let mut splitter = RowSplitter::new(b';');
        for text in [
            "a;b",
            "a;b\r",
            "a;\"b\"",
            "a;\"b\" ",
            "a;\"b",
            "a;\"b\"\r",
            "a;\"b\r",
        ] {
            let split = splitter.split(text.as_bytes(), false, Quotes::Open);
            assert!(
                matches!(split, Split::Incomplete { .. }),
                "{text:?}: {split:?}"
            );
        }
    }
}
