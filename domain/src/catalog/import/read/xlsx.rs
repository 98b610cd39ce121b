//! A spreadsheet as records: the first visible sheet that fits, or the one that the options name,
//! row by row. Cells keep their kind.

use std::io::{Read, Seek};

use super::book::{Book, Sheet, SheetName};
use super::package::{Package, unpacks_too_large};
use super::record::{Format, MAX_COLUMNS, MAX_ROW_BYTES, Record, Shape, Table};
use super::sheet::{CellContext, SheetCells};
use super::styles::Styles;
use super::texts::SharedTexts;
use super::typed::CellKind;
use crate::Text;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::Options;

/// Sheets that are tried for a header.
const MAX_TRIED_SHEETS: usize = 50;
/// Bytes of all rows: a shared text may stand in millions of cells.
const MAX_TEXT_BYTES: u64 = 4 << 30;

/// Opens a spreadsheet. Passes the sheets to `read_head` in their order, and the first that it
/// accepts to `use_table`, with the head.
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
    let mut first_error = None;
    for sheet in choose_sheets(&book, options.sheet.as_deref())? {
        let Some(part) = package.open_part(&sheet.path, u64::MAX)? else {
            continue;
        };
        let context = CellContext {
            texts: &texts,
            styles: &styles,
            is_1904: book.is_1904,
        };
        let cells = SheetCells::new(part, context);
        let mut table = XlsxTable::open(cells, &book, sheet)?;
        if !table.has_cell {
            continue;
        }
        match read_head(&mut table) {
            Ok(head) => return use_table(&mut table, head),
            // Another sheet can only be meant where this one has other columns.
            Err(error) if error.code == "missing_column" => {
                first_error.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(first_error
        .unwrap_or_else(|| FileError::worded("empty_file", Text::new("empty_spreadsheet"))))
}

/// Returns the sheet that is asked for, else the visible ones, else all.
fn choose_sheets<'b>(book: &'b Book, asked: Option<&str>) -> Result<Vec<&'b Sheet>, FileError> {
    if let Some(asked) = asked {
        let fold = |name: &str| name.trim().to_lowercase();
        let found = book
            .sheets
            .iter()
            .find(|s| fold(&s.name.name) == fold(asked));
        return found.map(|sheet| vec![sheet]).ok_or_else(|| {
            let names: Vec<_> = book
                .sheets
                .iter()
                .take(20)
                .map(|s| s.name.name.as_str())
                .collect();
            let names = names.join("\", \"");
            FileError::new("unknown_sheet")
                .with("asked", asked)
                .with("names", names)
        });
    }
    let visible: Vec<_> = book.sheets.iter().filter(|s| !s.name.hidden).collect();
    let mut chosen = if visible.is_empty() {
        book.sheets.iter().collect()
    } else {
        visible
    };
    chosen.truncate(MAX_TRIED_SHEETS);
    Ok(chosen)
}

struct XlsxTable<'a, R> {
    cells: SheetCells<'a, R>,
    /// Whether `cells` stands on a cell that isn't read yet.
    has_cell: bool,
    text: Vec<u8>,
    ends: Vec<usize>,
    kinds: Vec<CellKind>,
    line: u64,
    rows_read: u64,
    text_left: u64,
    sheet: &'a str,
    sheets: Vec<SheetName>,
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
            rows_read: 0,
            text_left: MAX_TEXT_BYTES,
            sheet: &sheet.name.name,
            sheets: book.sheets.iter().map(|sheet| sheet.name.clone()).collect(),
        })
    }

    /// Appends the current cell to the row.
    fn take_cell(&mut self) -> Result<(), FileError> {
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
        self.line = u64::from(row);
        self.rows_read += 1;
        while self.has_cell && self.cells.cell.row == row {
            self.take_cell()?;
            self.has_cell = self.cells.advance()?;
        }
        Ok(true)
    }

    fn record(&self) -> Record<'_> {
        Record::new(self.line, &self.text, &self.ends).with_kinds(&self.kinds)
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
        }
    }
}
