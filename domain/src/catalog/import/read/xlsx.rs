//! A spreadsheet as records: one of its sheets, row by row. Cells keep their kind.

use std::io::{Read, Seek};

use super::book::{Book, Sheet, SheetName};
use super::merged::MergedCells;
use super::package::{Package, unpacks_too_large};
use super::record::{Format, MAX_COLUMNS, MAX_ROW_BYTES, Record, Shape, Table};
use super::sheet::{CellContext, SheetCells};
use super::sheet_choice::{FilledSheet, SheetChoice, list_candidates};
use super::styles::Styles;
use super::texts::SharedTexts;
use super::typed::CellKind;
use crate::Text;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::Options;

/// Bytes of all rows: a shared text may stand in millions of cells.
const MAX_TEXT_BYTES: u64 = 4 << 30;

/// Opens a spreadsheet. Passes its sheets to `read_head`, and the best of those that it accepts to
/// `use_table`, with the head.
pub(super) fn open_sheet<S: Read + Seek, H, T>(
    source: S,
    options: &Options,
    mut read_head: impl FnMut(&mut dyn Table) -> Result<H, FileError>,
    use_table: impl FnOnce(&mut dyn Table, H) -> Result<T, FileError>,
) -> Result<T, FileError> {
    let mut package = Package::open(source)?;
    let book = Book::read(&mut package)?;
    let texts = SharedTexts::read(&mut package, &book)?;
    let styles = Styles::read(&mut package, &book)?;
    let context = CellContext {
        texts: &texts,
        styles: &styles,
        is_1904: book.is_1904,
    };
    let candidates = list_candidates(&book, options.sheet.as_deref())?;
    let mut choice = SheetChoice::default();
    if let [only] = candidates[..] {
        choice.accept(only, None);
    } else {
        for sheet in candidates {
            let opened = open_table(&mut package, context, &book, sheet);
            let read = opened.and_then(|opened| match opened {
                None => Ok(None),
                Some(mut table) => read_head(&mut table).map(|_| Some(table.next_line())),
            });
            match read {
                Ok(None) => {}
                Ok(Some(first_row)) => choice.accept(sheet, first_row),
                Err(cause) => choice.reject(cause)?,
            }
        }
    }
    let conclusion = choice.conclude();
    let (sheet, rivals) = conclusion.map_err(|cause| cause.unwrap_or_else(empty_spreadsheet))?;
    let opened = open_table(&mut package, context, &book, sheet)?;
    let mut table = opened.ok_or_else(empty_spreadsheet)?;
    let head = read_head(&mut table)?;
    table.rivals = rivals;
    use_table(&mut table, head)
}

/// Opens a sheet; `None` where it has no cell.
fn open_table<'a, S: Read + Seek>(
    package: &'a mut Package<S>,
    context: CellContext<'a>,
    book: &'a Book,
    sheet: &'a Sheet,
) -> Result<Option<XlsxTable<'a, impl Read + 'a>>, FileError> {
    let Some(part) = package.open_part(&sheet.path, u64::MAX)? else {
        return Ok(None);
    };
    let table = XlsxTable::open(SheetCells::new(part, context), book, sheet)?;
    Ok(Some(table).filter(|table| table.has_cell))
}

fn empty_spreadsheet() -> FileError {
    FileError::worded("empty_file", Text::new("empty_spreadsheet"))
}

struct XlsxTable<'a, R> {
    cells: SheetCells<'a, R>,
    /// Whether `cells` stands on a cell that isn't read yet.
    has_cell: bool,
    text: Vec<u8>,
    ends: Vec<usize>,
    kinds: Vec<CellKind>,
    line: u64,
    is_hidden: bool,
    /// The columns that hold texts.
    text_columns: Vec<usize>,
    rows_read: u64,
    text_left: u64,
    sheet: &'a str,
    sheets: Vec<SheetName>,
    /// The sheets among which the caller must choose.
    rivals: Vec<FilledSheet>,
}

impl<'a, R: Read> XlsxTable<'a, R> {
    fn open(
        mut cells: SheetCells<'a, R>,
        book: &'a Book,
        sheet: &'a Sheet,
    ) -> Result<Self, FileError> {
        Ok(Self {
            has_cell: cells.advance()?,
            cells,
            text: Vec::new(),
            ends: Vec::new(),
            kinds: Vec::new(),
            line: 0,
            is_hidden: false,
            text_columns: Vec::new(),
            rows_read: 0,
            text_left: MAX_TEXT_BYTES,
            sheet: &sheet.name.name,
            sheets: book.sheets.iter().map(|sheet| sheet.name.clone()).collect(),
            rivals: Vec::new(),
        })
    }

    /// Returns the line of the row that `advance` moves to.
    fn next_line(&self) -> Option<u64> {
        self.has_cell.then(|| self.cells.cell.row.number.into())
    }

    /// Appends the current cell to the row.
    fn take_cell(&mut self) -> Result<(), FileError> {
        if self
            .text_columns
            .contains(&(self.cells.cell.column as usize))
        {
            self.cells.read_as_text();
        }
        let cell = &self.cells.cell;
        let column = cell.column as usize;
        if column >= MAX_COLUMNS {
            let error = FileError::new("too_many_columns").with("line", self.line);
            return Err(error.with("most", MAX_COLUMNS));
        }
        self.ends.resize(column, self.text.len());
        self.kinds.resize(column, CellKind::Text);
        self.text.extend_from_slice(cell.text.as_bytes());
        self.ends.push(self.text.len());
        self.kinds.push(cell.kind);
        if self.text.len() > MAX_ROW_BYTES {
            return Err(FileError::new("row_too_long").with("line", self.line));
        }
        self.text_left = self
            .text_left
            .checked_sub(cell.text.len() as u64)
            .ok_or_else(unpacks_too_large)?;
        Ok(())
    }
}

impl<R: Read> Table for XlsxTable<'_, R> {
    fn advance(&mut self) -> Result<bool, FileError> {
        self.text.clear();
        self.ends.clear();
        self.kinds.clear();
        if !self.has_cell {
            return Ok(false);
        }
        let row = self.cells.cell.row;
        self.line = u64::from(row.number);
        self.is_hidden = row.is_hidden;
        self.rows_read += 1;
        while self.has_cell && self.cells.cell.row.number == row.number {
            self.take_cell()?;
            self.has_cell = self.cells.advance()?;
        }
        Ok(true)
    }

    fn record(&self) -> Record<'_> {
        Record::new(self.line, &self.text, &self.ends).of_sheet(&self.kinds, self.is_hidden)
    }

    fn read_as_texts(&mut self, columns: Vec<usize>) {
        self.text_columns = columns;
    }

    fn merged_cells(&self) -> MergedCells {
        self.cells.merged.clone()
    }

    // A spreadsheet has no position in bytes.
    fn position(&self) -> u64 {
        self.rows_read
    }

    fn shape(&self) -> Shape {
        Shape {
            format: Format::Xlsx,
            encoding: None,
            encoding_doubt: None,
            delimiter: None,
            sheet: Some(self.sheet.to_owned()),
            sheets: self.sheets.clone(),
            rival_sheets: self.rivals.clone(),
        }
    }
}
