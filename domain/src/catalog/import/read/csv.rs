//! A delimited file as records, in constant memory. A row too long or too wide is rejected at once.

use std::io::Read;

use csv_core::{ReadRecordResult, Reader};

use super::delimiter::{csv_reader, detect_dialect};
use super::encoding::DecodedFile;
use super::formula::PlainFields;
use super::record::{Format, MAX_COLUMNS, MAX_ROW_BYTES, Record, Shape, Table};
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::Options;

/// A CSV file, positioned on one of its rows.
pub(super) struct CsvTable<R> {
    input: DecodedFile<R>,
    reader: Reader,
    delimiter: u8,
    text: Vec<u8>,
    text_len: usize,
    ends: Vec<usize>,
    ends_len: usize,
    plain: PlainFields,
    /// The current row holds formulas that `plain` has undone.
    has_formulas: bool,
    line: u64,
    blank_lines: u64,
    /// The last byte consumed was a carriage return, which also ends a line without a newline.
    after_return: bool,
}

impl<R: Read> CsvTable<R> {
    /// Opens the file. What the options leave out is detected by the first block.
    pub(super) fn open(source: R, options: &Options) -> Result<Self, FileError> {
        let mut input = DecodedFile::open(source, options.encoding.as_deref())?;
        input.fill()?;
        let dialect = detect_dialect(input.buffer());
        let delimiter = options
            .delimiter
            .and_then(|d| u8::try_from(d).ok())
            .unwrap_or(dialect.delimiter);
        input.consume(dialect.skip);
        Ok(Self {
            input,
            reader: csv_reader(delimiter),
            delimiter,
            text: vec![0; MAX_ROW_BYTES],
            text_len: 0,
            ends: vec![0; MAX_COLUMNS + 1],
            ends_len: 0,
            plain: PlainFields::default(),
            has_formulas: false,
            line: 0,
            blank_lines: u64::from(dialect.skip > 0),
            after_return: false,
        })
    }

    /// Skips the line ends before a row and counts them, so that the row's own line is known.
    fn skip_blank_lines(&mut self) -> Result<(), FileError> {
        loop {
            self.input.fill()?;
            let first = self.input.buffer().first().copied();
            self.blank_lines +=
                u64::from(first == Some(b'\n') || (self.after_return && first.is_some()));
            self.after_return = first == Some(b'\r');
            if !matches!(first, Some(b'\n' | b'\r')) {
                return Ok(());
            }
            self.input.consume(1);
        }
    }

    /// Moves to the next row that has a byte.
    fn read_row(&mut self) -> Result<bool, FileError> {
        self.skip_blank_lines()?;
        self.line = self.blank_lines + self.reader.line();
        (self.text_len, self.ends_len) = (0, 0);
        loop {
            let (result, read, written, ended) = self.reader.read_record(
                self.input.buffer(),
                &mut self.text[self.text_len..],
                &mut self.ends[self.ends_len..],
            );
            self.after_return = read > 0 && self.input.buffer()[read - 1] == b'\r';
            self.input.consume(read);
            self.text_len += written;
            self.ends_len += ended;
            match result {
                ReadRecordResult::Record => return self.end_row(),
                ReadRecordResult::End => return Ok(false),
                ReadRecordResult::InputEmpty => self.input.fill()?,
                ReadRecordResult::OutputEndsFull => return Err(too_many_columns(self.line)),
                ReadRecordResult::OutputFull => return Err(row_too_long(self.line)),
            }
        }
    }

    fn end_row(&mut self) -> Result<bool, FileError> {
        if self.ends_len > MAX_COLUMNS {
            return Err(too_many_columns(self.line));
        }
        let (text, ends) = (&self.text[..self.text_len], &self.ends[..self.ends_len]);
        self.has_formulas = self.plain.read_row(text, ends);
        Ok(true)
    }
}

impl<R: Read> Table for CsvTable<R> {
    fn advance(&mut self) -> Result<bool, FileError> {
        while self.read_row()? {
            // Spreadsheets write their empty rows as delimiters alone.
            if !self.text[..self.text_len].trim_ascii_start().is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn record(&self) -> Record<'_> {
        let record = Record::new(
            self.line,
            &self.text[..self.text_len],
            &self.ends[..self.ends_len],
        );
        if self.has_formulas {
            record.with_plain_fields(self.plain.text(), self.plain.ends())
        } else {
            record
        }
    }

    fn position(&self) -> u64 {
        self.input.position()
    }

    fn shape(&self) -> Shape {
        Shape {
            format: Format::Csv,
            encoding: Some(self.input.encoding().name()),
            delimiter: Some(char::from(self.delimiter)),
            sheet: None,
            sheets: Vec::new(),
        }
    }
}

fn too_many_columns(line: u64) -> FileError {
    FileError::new(
        "too_many_columns",
        format!("line {line} has more than {MAX_COLUMNS} columns"),
    )
}

fn row_too_long(line: u64) -> FileError {
    FileError::new(
        "row_too_long",
        format!("the row at line {line} is longer than 1 MiB; is a quote left open?"),
    )
}
