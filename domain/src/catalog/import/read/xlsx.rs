//! A spreadsheet as records: the first sheet that has cells, one row at a time, its values written as a CSV would.

use std::io::{Read, Seek, SeekFrom};

use calamine::{Cell, DataRef, Reader as _, Xlsx, XlsxCellReader, XlsxError};

use crate::catalog::import::file_error::Refusal;
use crate::catalog::import::read::record::{MAX_COLUMNS, MAX_ROW_BYTES, Record, Records, Shape};

/// Largest spreadsheet file.
pub(in crate::catalog::import) const MAX_FILE: u64 = 50 << 20;
/// Largest sum of a spreadsheet's unpacked parts.
pub(in crate::catalog::import) const MAX_UNPACKED: u64 = 1 << 30;
/// Largest sum of the parts that have to be held in memory: all but the sheets.
const MAX_HELD: u64 = 128 << 20;
const MAX_PARTS: usize = 10_000;

/// Whether these are the first bytes of a zip file, which an XLSX is.
pub(in crate::catalog::import) fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// Refuses what would unpack to too much: first by what the directory says, then by unpacking and counting,
/// for a directory may lie.
pub(in crate::catalog::import) fn check_size<S: Read + Seek>(
    source: &mut S,
) -> Result<(), Refusal> {
    if source.seek(SeekFrom::End(0))? > MAX_FILE {
        return Err(Refusal::new(
            "file_too_large",
            "a spreadsheet may have up to 50 MiB; save it as CSV",
        ));
    }
    source.rewind()?;
    let mut archive = zip::ZipArchive::new(source).map_err(|e| unreadable(&e))?;
    if archive.len() > MAX_PARTS {
        return Err(too_large());
    }
    let mut declared = Budget::default();
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(|e| unreadable(&e))?;
        declared.spend(&part.name().map_err(|e| unreadable(&e))?, part.size())?;
    }
    let mut counted = Budget::default();
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|e| unreadable(&e))?;
        let name = part.name().map_err(|e| unreadable(&e))?.into_owned();
        let mut limited = part.take(MAX_UNPACKED + 1);
        let size = std::io::copy(&mut limited, &mut std::io::sink()).map_err(|e| unreadable(&e))?;
        counted.spend(&name, size)?;
    }
    Ok(())
}

#[derive(Default)]
struct Budget {
    all: u64,
    held: u64,
}

impl Budget {
    fn spend(&mut self, name: &str, size: u64) -> Result<(), Refusal> {
        self.all = self.all.saturating_add(size);
        if !name.starts_with("xl/worksheets/") {
            self.held = self.held.saturating_add(size);
        }
        if self.all > MAX_UNPACKED || self.held > MAX_HELD {
            Err(too_large())
        } else {
            Ok(())
        }
    }
}

fn too_large() -> Refusal {
    Refusal::new(
        "unpacks_too_large",
        "the spreadsheet unpacks to more than is allowed (1 GiB); save it as CSV",
    )
}

fn unreadable(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::new(
        "not_a_table",
        format!("the file is neither CSV nor a readable XLSX: {error}"),
    )
}

/// Opens a checked spreadsheet and hands its table to `use_table`.
pub(in crate::catalog::import) fn with_table<S: Read + Seek, T>(
    source: S,
    use_table: impl FnOnce(&mut dyn Records) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let mut book: Xlsx<S> = Xlsx::new(source).map_err(|e| unreadable(&e))?;
    for name in book.sheet_names() {
        // A chart on a sheet of its own is no table.
        let cells = match book.worksheet_cells_reader(&name) {
            Err(XlsxError::NotAWorksheet(_)) => continue,
            other => other.map_err(|e| unreadable(&e))?,
        };
        let mut table = XlsxTable {
            cells,
            next: None,
            text: Vec::new(),
            ends: Vec::new(),
            row: 0,
            rows: 0,
        };
        table.next = table.next_full()?;
        if table.next.is_some() {
            return use_table(&mut table);
        }
    }
    Err(Refusal::new("empty_file", "the spreadsheet has no cells"))
}

struct XlsxTable<'a, S: Read + Seek> {
    cells: XlsxCellReader<'a, S>,
    next: Option<Cell<DataRef<'a>>>,
    text: Vec<u8>,
    ends: Vec<usize>,
    row: u64,
    rows: u64,
}

impl<'a, S: Read + Seek> XlsxTable<'a, S> {
    fn next_full(&mut self) -> Result<Option<Cell<DataRef<'a>>>, Refusal> {
        loop {
            match self.cells.next_cell().map_err(|e| unreadable(&e))? {
                Some(cell) if *cell.get_value() == DataRef::Empty => {}
                other => return Ok(other),
            }
        }
    }
}

impl<S: Read + Seek> Records for XlsxTable<'_, S> {
    fn advance(&mut self) -> Result<bool, Refusal> {
        self.text.clear();
        self.ends.clear();
        let Some(first) = &self.next else {
            return Ok(false);
        };
        let row = first.get_position().0;
        self.row = u64::from(row) + 1;
        self.rows += 1;
        while let Some(cell) = self.next.take_if(|c| c.get_position().0 == row) {
            let column = cell.get_position().1 as usize;
            if column >= MAX_COLUMNS {
                let row = self.row;
                return Err(Refusal::new(
                    "too_many_columns",
                    format!("row {row} has more than {MAX_COLUMNS} columns"),
                ));
            }
            self.ends
                .resize(column.max(self.ends.len()), self.text.len());
            write_cell(cell.get_value(), &mut self.text);
            self.ends.push(self.text.len());
            if self.text.len() > MAX_ROW_BYTES {
                return Err(Refusal::new(
                    "row_too_long",
                    format!("row {} is longer than 1 MiB", self.row),
                ));
            }
            self.next = self.next_full()?;
        }
        Ok(true)
    }

    fn record(&self) -> Record<'_> {
        Record::new(self.row, &self.text, &self.ends)
    }

    /// Rows, for want of bytes.
    fn position(&self) -> u64 {
        self.rows
    }

    fn shape(&self) -> Shape {
        Shape {
            format: "xlsx",
            encoding: None,
            delimiter: None,
        }
    }
}

fn write_cell(value: &DataRef<'_>, text: &mut Vec<u8>) {
    use std::io::Write as _;
    // Writing to a vector can't fail.
    let _ = match value {
        DataRef::Int(number) => write!(text, "{number}"),
        DataRef::Float(number) => {
            let written = format!("{number}");
            // Three decimals would look like thousands.
            let zero = written.split_once('.').is_some_and(|(_, f)| f.len() == 3);
            write!(text, "{written}{}", if zero { "0" } else { "" })
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
