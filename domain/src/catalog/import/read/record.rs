//! One row of a table, whatever the file's format: its fields in one reused buffer.

use crate::catalog::import::file_error::Refusal;

/// More columns than this are refused as soon as they are met.
pub(in crate::catalog::import) const MAX_COLUMNS: usize = 1024;
/// A longer row is refused as soon as it is met: it is a quote that nobody closed, or no table.
pub(in crate::catalog::import) const MAX_ROW_BYTES: usize = 1 << 20;

/// What stands behind a field that was cut.
const CUT: &str = " [...]";

/// A table that is read row by row.
pub(in crate::catalog::import) trait Records {
    /// Goes to the next row; `false` at the end. Empty rows are skipped.
    fn advance(&mut self) -> Result<bool, Refusal>;
    /// The row gone to.
    fn record(&self) -> Record<'_>;
    /// Bytes of the file read so far, for progress.
    fn position(&self) -> u64;
    /// How the file is laid out, as far as it has shown.
    fn shape(&self) -> Shape;
}

/// A file's outer form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog::import) struct Shape {
    /// `csv` or `xlsx`.
    pub format: &'static str,
    pub encoding: Option<&'static str>,
    pub delimiter: Option<char>,
}

/// A view of a row.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// Line of the file that the row starts at, from 1; for a spreadsheet the row's number.
    pub line: u64,
    bytes: &'a [u8],
    ends: &'a [usize],
    text: Option<&'a str>,
}

impl<'a> Record<'a> {
    pub(in crate::catalog::import) fn new(line: u64, bytes: &'a [u8], ends: &'a [usize]) -> Self {
        Self {
            line,
            bytes,
            ends,
            text: std::str::from_utf8(bytes).ok(),
        }
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether the row is text in the encoding found; nothing else of it can be read where it isn't.
    pub fn is_text(&self) -> bool {
        self.text.is_some()
    }

    /// The field without blanks around; "" where the row is too short or isn't text.
    #[inline]
    pub fn field(&self, index: usize) -> &'a str {
        let Some(&end) = self.ends.get(index) else {
            return "";
        };
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.text.and_then(|t| t.get(start..end)).map_or("", trim)
    }

    /// The field for people's eyes, whatever its bytes.
    pub fn shown(&self, index: usize) -> String {
        let Some(&end) = self.ends.get(index) else {
            return String::new();
        };
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        String::from_utf8_lossy(&self.bytes[start..end]).replace('\0', "\u{fffd}")
    }

    /// Every field as [`Record::shown`], cut where together they are longer than `most` bytes.
    pub fn shown_within(&self, most: usize) -> Vec<String> {
        let mut left = most;
        (0..self.len())
            .map(|index| {
                let mut text = self.shown(index);
                if text.len() > left {
                    text.truncate(text.floor_char_boundary(left));
                    text.push_str(CUT);
                }
                left = left.saturating_sub(text.len());
                text
            })
            .collect()
    }

    pub fn has_nul(&self) -> bool {
        self.bytes.contains(&0)
    }
}

/// Most fields have no blanks around, which the first and the last byte show.
#[inline]
fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [] => text,
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}
