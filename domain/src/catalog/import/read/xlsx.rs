//! A spreadsheet as records: the first sheet that has cells, row by row, its values written as a
//! CSV file would hold them.

use std::io::{Read, Seek};

use calamine::{Cell, DataRef, Reader as _, Xlsx, XlsxCellReader, XlsxError};

use super::record::{Format, MAX_COLUMNS, MAX_ROW_BYTES, Record, Shape, Table};
use super::workbook::unreadable_workbook;
use crate::catalog::import::file_error::FileError;

/// Opens a spreadsheet of valid size and passes its first sheet with cells to `use_table`.
pub(super) fn open_sheet<S: Read + Seek, T>(
    source: S,
    use_table: impl FnOnce(&mut dyn Table) -> Result<T, FileError>,
) -> Result<T, FileError> {
    let mut book: Xlsx<S> = Xlsx::new(source).map_err(|e| unreadable_workbook(&e))?;
    for name in book.sheet_names() {
        // A sheet that only holds a chart is no table.
        let cells = match book.worksheet_cells_reader(&name) {
            Err(XlsxError::NotAWorksheet(_)) => continue,
            other => other.map_err(|e| unreadable_workbook(&e))?,
        };
        let mut table = XlsxTable {
            cells,
            next: None,
            text: Vec::new(),
            ends: Vec::new(),
            line: 0,
            rows_read: 0,
        };
        table.next = table.next_cell()?;
        if table.next.is_some() {
            return use_table(&mut table);
        }
    }
    Err(FileError::new("empty_file", "the spreadsheet has no cells"))
}

struct XlsxTable<'a, S: Read + Seek> {
    cells: XlsxCellReader<'a, S>,
    next: Option<Cell<DataRef<'a>>>,
    text: Vec<u8>,
    ends: Vec<usize>,
    line: u64,
    rows_read: u64,
}

impl<'a, S: Read + Seek> XlsxTable<'a, S> {
    fn next_cell(&mut self) -> Result<Option<Cell<DataRef<'a>>>, FileError> {
        loop {
            match self
                .cells
                .next_cell()
                .map_err(|e| unreadable_workbook(&e))?
            {
                Some(cell) if *cell.get_value() == DataRef::Empty => {}
                other => return Ok(other),
            }
        }
    }
}

impl<S: Read + Seek> Table for XlsxTable<'_, S> {
    fn advance(&mut self) -> Result<bool, FileError> {
        self.text.clear();
        self.ends.clear();
        let Some(first) = &self.next else {
            return Ok(false);
        };
        let row = first.get_position().0;
        self.line = u64::from(row) + 1;
        self.rows_read += 1;
        while let Some(cell) = self.next.take_if(|c| c.get_position().0 == row) {
            let column = cell.get_position().1 as usize;
            if column >= MAX_COLUMNS {
                let row = self.line;
                return Err(FileError::new(
                    "too_many_columns",
                    format!("row {row} has more than {MAX_COLUMNS} columns"),
                ));
            }
            self.ends
                .resize(column.max(self.ends.len()), self.text.len());
            write_cell(cell.get_value(), &mut self.text);
            self.ends.push(self.text.len());
            if self.text.len() > MAX_ROW_BYTES {
                return Err(FileError::new(
                    "row_too_long",
                    format!("row {} is longer than 1 MiB", self.line),
                ));
            }
            self.next = self.next_cell()?;
        }
        Ok(true)
    }

    fn record(&self) -> Record<'_> {
        Record::new(self.line, &self.text, &self.ends)
    }

    // A spreadsheet has no position in bytes.
    fn position(&self) -> u64 {
        self.rows_read
    }

    fn shape(&self) -> Shape {
        Shape {
            format: Format::Xlsx,
            encoding: None,
            delimiter: None,
        }
    }
}

fn write_cell(value: &DataRef<'_>, text: &mut Vec<u8>) {
    use std::io::Write as _;
    // Writing to a vector never fails.
    let _ = match value {
        DataRef::Int(number) => write!(text, "{number}"),
        DataRef::Float(number) => {
            let written = format!("{number}");
            // A fraction of three digits could be taken for a group of thousands.
            let is_ambiguous = written.split_once('.').is_some_and(|(_, f)| f.len() == 3);
            write!(text, "{written}{}", if is_ambiguous { "0" } else { "" })
        }
        DataRef::String(string) | DataRef::DateTimeIso(string) | DataRef::DurationIso(string) => {
            text.write_all(string.as_bytes())
        }
        DataRef::SharedString(string) => text.write_all(string.as_bytes()),
        DataRef::Bool(yes) => write!(text, "{yes}"),
        DataRef::DateTime(moment) => {
            let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
            write!(
                text,
                "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{milli:03}"
            )
        }
        DataRef::Error(error) => write!(text, "{error}"),
        DataRef::Empty => Ok(()),
    };
}
