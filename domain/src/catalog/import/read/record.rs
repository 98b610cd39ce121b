//! One row of a table, whatever the file's format: its fields in one reused buffer.

use platform::csv::strip_guard;
use serde::{Deserialize, Serialize};

use super::book::SheetName;
use super::merged::MergedCells;
use super::sheet_choice::FilledSheet;
use super::text::EncodingDoubt;
use super::typed::CellKind;
use crate::Text;
use crate::catalog::import::file_error::FileError;

/// More columns than this are rejected as soon as they are met.
pub(super) const MAX_COLUMNS: usize = 1024;
/// A longer row is rejected as soon as it is met.
pub(super) const MAX_ROW_BYTES: usize = 1 << 20;

/// What stands behind a field that was cut.
const CUT_MARK: &str = " [...]";

/// A table that is read row by row.
pub(crate) trait Table {
    /// Moves to the next row that isn't empty; returns `false` at the end.
    fn advance(&mut self) -> Result<bool, FileError>;
    /// Returns the current row.
    fn record(&self) -> Record<'_>;
    /// Returns the bytes of the file (the rows of a spreadsheet) read so far, for progress.
    fn position(&self) -> u64;
    /// Says which columns hold texts. A spreadsheet reads their numbers as their formats show them,
    /// in the rows to come.
    fn read_as_texts(&mut self, _columns: Vec<usize>) {}
    /// Returns the cells that look empty and belong to a merged one, once all rows are read.
    fn merged_cells(&self) -> MergedCells {
        MergedCells::default()
    }
    /// Returns how the file is laid out. The encoding is final once all rows are read.
    fn shape(&self) -> Shape;
}

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Csv,
    Xlsx,
}

/// A file's outer form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) format: Format,
    pub(crate) encoding: Option<&'static str>,
    /// Why the encoding is only one of several possible ones.
    pub(crate) encoding_doubt: Option<EncodingDoubt>,
    pub(crate) delimiter: Option<char>,
    /// The sheet that is read, and all of them.
    pub(crate) sheet: Option<String>,
    pub(crate) sheets: Vec<SheetName>,
    /// Sheets that might be read as well, with the one that is; empty where there is no doubt.
    pub(crate) rival_sheets: Vec<FilledSheet>,
}

/// Why the lines of a file can't be divided into rows here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowFault {
    /// A quote opens a cell on this line and isn't closed where the cell ends.
    OpenQuote { line: u64 },
    /// The line may be part of the cell that is opened on an earlier line.
    BehindOpenQuote { line: u64 },
}

impl RowFault {
    /// Returns the code of the row's error.
    pub(crate) fn code(self) -> &'static str {
        "unclosed_quote"
    }

    /// Returns the reason in words for the person who will correct the row.
    pub(crate) fn reason(self) -> Text {
        match self {
            Self::OpenQuote { line } => Text::new("open_quote").with("line", line),
            Self::BehindOpenQuote { line } => Text::new("behind_open_quote").with("line", line),
        }
    }
}

/// A view of a row.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    /// Line of the file on which the row starts, from 1; the row's number in a spreadsheet.
    pub(crate) line: u64,
    /// The row as it stands in the file.
    bytes: &'a [u8],
    ends: &'a [usize],
    /// Bytes between two fields.
    gap: usize,
    /// What the fields hold, where each ends, and the bytes between two.
    text: Option<&'a str>,
    text_ends: &'a [usize],
    text_gap: usize,
    fault: Option<RowFault>,
    /// Of a spreadsheet's cells; empty for a text file.
    kinds: &'a [CellKind],
    is_hidden: bool,
}

impl<'a> Record<'a> {
    pub(super) fn new(line: u64, bytes: &'a [u8], ends: &'a [usize]) -> Self {
        Self {
            line,
            bytes,
            ends,
            gap: 0,
            text: std::str::from_utf8(bytes).ok(),
            text_ends: ends,
            text_gap: 0,
            fault: None,
            kinds: &[],
            is_hidden: false,
        }
    }

    /// Returns a row with a delimiter behind each field but the last.
    #[inline]
    pub(super) fn delimited(
        line: u64,
        bytes: &'a [u8],
        ends: &'a [usize],
        fault: Option<RowFault>,
    ) -> Self {
        let text = match fault {
            None => std::str::from_utf8(bytes).ok(),
            Some(_) => None,
        };
        Self {
            line,
            bytes,
            ends,
            gap: 1,
            text,
            text_ends: ends,
            text_gap: 1,
            fault,
            kinds: &[],
            is_hidden: false,
        }
    }

    /// Sets what a spreadsheet says of a row.
    pub(super) fn of_sheet(self, kinds: &'a [CellKind], is_hidden: bool) -> Self {
        Self {
            kinds,
            is_hidden,
            ..self
        }
    }

    /// Whether the row is hidden in its spreadsheet.
    #[inline]
    pub(crate) fn is_hidden(&self) -> bool {
        self.is_hidden
    }

    /// Sets what the fields hold, where that isn't what stands in the file.
    pub(super) fn with_plain_fields(self, text: &'a [u8], text_ends: &'a [usize]) -> Self {
        Self {
            text: std::str::from_utf8(text).ok(),
            text_ends,
            text_gap: 0,
            ..self
        }
    }

    /// Returns what the cell holds; a cell that doesn't exist is an empty text.
    #[inline]
    pub(crate) fn kind(&self, index: usize) -> CellKind {
        self.kinds.get(index).copied().unwrap_or_default()
    }

    /// Whether the cells have kinds.
    #[inline]
    pub(crate) fn is_typed(&self) -> bool {
        !self.kinds.is_empty()
    }

    /// Returns the number of fields.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns why the row must be rejected whatever its fields are.
    #[inline]
    pub(crate) fn fault(&self) -> Option<RowFault> {
        self.fault
    }

    /// Whether the row is valid in the file's encoding and has no fault. Where it isn't, every
    /// field is "".
    pub(crate) fn is_text(&self) -> bool {
        self.text.is_some()
    }

    /// Whether a cell may hold the error of a formula.
    #[inline]
    pub(crate) fn may_hold_errors(&self) -> bool {
        let text = self.text.unwrap_or_default();
        self.is_typed() || text.contains('#') || text.contains("Err:")
    }

    pub(crate) fn has_nul(&self) -> bool {
        self.bytes.contains(&0)
    }

    /// Returns the field without blanks around; "" where the row is too short or isn't text.
    #[inline]
    pub(crate) fn field(&self, index: usize) -> &'a str {
        let Some(&end) = self.text_ends.get(index) else {
            return "";
        };
        self.text
            .and_then(|text| text.get(find_start(self.text_ends, self.text_gap, index)..end))
            .map_or("", trim_blanks)
    }

    /// Returns the field for display, whatever its bytes.
    pub(crate) fn display_field(&self, index: usize) -> String {
        let Some(&end) = self.ends.get(index) else {
            return String::new();
        };
        let start = find_start(self.ends, self.gap, index);
        String::from_utf8_lossy(&self.bytes[start..end]).replace('\0', "\u{fffd}")
    }

    /// Returns every field as [`Record::display_field`], cut where they are longer than
    /// `max_bytes` together.
    pub(crate) fn display_fields(&self, max_bytes: usize) -> Vec<String> {
        let mut left = max_bytes;
        (0..self.len())
            .map(|index| {
                let text = self.display_cut(index, left);
                left = left.saturating_sub(text.len());
                text
            })
            .collect()
    }

    /// Returns a field as [`Record::display_field`], cut where it is longer than `max_bytes`.
    pub(crate) fn display_cut(&self, index: usize, max_bytes: usize) -> String {
        let mut text = self.display_field(index);
        if text.len() > max_bytes {
            text.truncate(text.floor_char_boundary(max_bytes));
            text.push_str(CUT_MARK);
        }
        text
    }
}

/// Returns where a field begins, `gap` bytes behind the end of the one before.
#[inline]
fn find_start(ends: &[usize], gap: usize, index: usize) -> usize {
    if index == 0 { 0 } else { ends[index - 1] + gap }
}

/// Returns the text of an error file's cell without the guard against formulas.
pub(crate) fn strip_formula_guard(text: &str) -> &str {
    trim_blanks(strip_guard(text))
}

/// Returns the inside of a text that a program has quoted by a pair of apostrophes.
#[inline]
pub(crate) fn unwrap_apostrophes(text: &str) -> &str {
    match text.as_bytes() {
        [b'\'', inner @ .., b'\''] if !inner.is_empty() => trim_blanks(&text[1..text.len() - 1]),
        _ => text,
    }
}

/// Returns a code without the apostrophes with which a spreadsheet marks a text.
pub(crate) fn strip_apostrophes(code: &str) -> &str {
    match code.as_bytes() {
        [b'\'', ..] => trim_blanks(code.trim_start_matches('\'')),
        _ => code,
    }
}

#[inline]
fn trim_blanks(text: &str) -> &str {
    match text.as_bytes() {
        [] => text,
        // Most fields have no blanks around; their first and last bytes show it.
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}
