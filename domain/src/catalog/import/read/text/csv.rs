//! A delimited file as records, in constant memory. A row that is too long or too wide rejects the
//! file; a row whose quotes are wrong is rejected alone, and reading continues at its next line.

use std::io::{Read, Seek};

use super::delimiter::detect_dialect;
use super::encoding::DecodedFile;
use super::encoding_doubt::EncodingDoubt;
use super::open_quote::{RowForm, Span, judge_span};
use super::split::{Extent, Quotes, RowSplitter, Split};
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::{Charset, Options};
use crate::catalog::import::read::formula::PlainFields;
use crate::catalog::import::read::record::{
    Format, MAX_COLUMNS, MAX_ROW_BYTES, Record, RowFault, Shape, Table,
};

/// A CSV file, positioned on one of its rows.
pub(in crate::catalog::import::read) struct CsvTable<S> {
    input: DecodedFile<S>,
    splitter: RowSplitter,
    /// By the first lines until the header is accepted.
    form: RowForm,
    has_header: bool,
    row: Row,
    plain: PlainFields,
    /// The current row holds formulas that `plain` has undone.
    has_formulas: bool,
    /// Line of the current row, and of what follows it.
    line: u64,
    next_line: u64,
    open_quote: Option<OpenQuote>,
    doubt: Option<EncodingDoubt>,
}

/// The current row.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    /// Bytes of the buffer without the line end, and with it.
    length: usize,
    consumed: usize,
    /// Whether the splitter holds its fields.
    is_quoted: bool,
    fault: Option<RowFault>,
}

/// A quote that isn't closed, until a line behind it is a row.
#[derive(Debug, Clone, Copy)]
struct OpenQuote {
    line: u64,
    /// The last line that the quote would take into its cell.
    last_line: u64,
    /// Whether a line up to the last one is a row if it is as wide as one.
    has_rows: bool,
}

impl<S: Read + Seek> CsvTable<S> {
    /// Opens the file. What is left out is detected, the delimiter by the first block.
    pub(in crate::catalog::import::read) fn open(
        source: S,
        options: &Options,
        charset: Option<Charset>,
    ) -> Result<Self, FileError> {
        let mut input = DecodedFile::open(source, charset)?;
        let known = options.delimiter.and_then(|d| u8::try_from(d).ok());
        let dialect = detect_dialect(input.buffer(), input.is_last(), known);
        input.consume(dialect.skip);
        Ok(Self {
            input,
            splitter: RowSplitter::new(dialect.delimiter),
            form: RowForm {
                header: dialect.columns,
                last: dialect.columns,
                is_spaced: false,
            },
            has_header: false,
            row: Row::default(),
            plain: PlainFields::default(),
            has_formulas: false,
            line: 0,
            next_line: 1 + u64::from(dialect.skip > 0),
            open_quote: None,
            doubt: None,
        })
    }

    /// Says that the current row is the header, so that rows have as many fields.
    pub(in crate::catalog::import::read) fn accept_header(&mut self) {
        self.has_header = true;
        let titles = self.splitter.fields_of(self.text());
        let is_spaced = titles.skip(1).any(|title| title.starts_with(b" "));
        let header = self.splitter.ends().len();
        // Rows may end with a delimiter where their header doesn't.
        let columns = self.form.last;
        self.form = RowForm {
            header,
            last: if columns == header + 1 {
                columns
            } else {
                header
            },
            is_spaced,
        };
        self.open_quote = self.open_quote.filter(|quote| !quote.has_rows);
    }

    /// Says that the encoding that is read is one of several possible ones.
    pub(in crate::catalog::import::read) fn set_doubt(&mut self, doubt: EncodingDoubt) {
        self.doubt = Some(doubt);
    }

    /// Returns why the file doesn't decide its encoding, as far as it is read.
    pub(in crate::catalog::import::read) fn doubt(&self) -> Option<&EncodingDoubt> {
        self.doubt.as_ref().or_else(|| self.input.doubt())
    }

    /// Moves behind the current row and behind blank lines; returns `false` at the end.
    fn skip_blank_lines(&mut self) -> Result<bool, FileError> {
        self.input.consume(std::mem::take(&mut self.row).consumed);
        loop {
            let line_end = match self.input.buffer() {
                [] | [b'\r'] if !self.input.is_last() => {
                    self.input.fill()?;
                    continue;
                }
                [] => return Ok(false),
                [b'\r', b'\n', ..] => 2,
                [b'\r' | b'\n', ..] => 1,
                _ => break,
            };
            self.input.consume(line_end);
            self.next_line += 1;
        }
        self.line = self.next_line;
        Ok(true)
    }

    /// Reads the row at the start of the buffer.
    fn read_row(&mut self) -> Result<(), FileError> {
        if let Some(quote) = self.open_quote
            && !quote.has_rows
            && self.line <= quote.last_line
        {
            return self.reject_line(RowFault::BehindOpenQuote { line: quote.line });
        }
        let last_line = match self.split(Quotes::Open)? {
            Split::Plain(extent) => return self.accept(extent, false),
            Split::Quoted(extent) if extent.lines == 1 && !self.lacks_fields(extent) => {
                return self.accept(extent, true);
            }
            Split::Quoted(extent) if extent.lines == 1 => self.line,
            Split::Quoted(extent) => match self.judge(extent) {
                Span::Cell => return self.accept(extent, true),
                span => {
                    let last_line = self.line + extent.lines - 1;
                    return self.reject_quote(last_line, span == Span::OpenQuote);
                }
            },
            Split::Misquoted { line } => self.line + line - 1,
            Split::Incomplete { lines, .. } => self.line + lines - 1,
            Split::TooManyColumns => return Err(too_many_columns(self.line)),
        };
        self.reject_quote(last_line, true)
    }

    /// Splits the row at the start of the buffer, which is filled as far as that takes.
    #[inline]
    fn split(&mut self, quotes: Quotes) -> Result<Split, FileError> {
        loop {
            let (text, is_last) = (self.input.buffer(), self.input.is_last());
            match self.splitter.split(text, is_last, quotes) {
                Split::Incomplete { in_quotes, .. }
                    if text.len() >= MAX_ROW_BYTES && !in_quotes =>
                {
                    return Err(row_too_long(self.line));
                }
                Split::Incomplete { .. } if text.len() < MAX_ROW_BYTES && !is_last => {
                    self.input.fill()?;
                }
                split => return Ok(split),
            }
        }
    }

    /// Whether a quoted field has taken delimiters that the row lacks.
    fn lacks_fields(&self, extent: Extent) -> bool {
        let fields = self.splitter.ends().len();
        let delimiter = self.splitter.delimiter();
        let row = &self.input.buffer()[..extent.length];
        self.has_header
            && fields < self.form.header
            && !self.form.has_width(fields)
            && row.iter().filter(|byte| **byte == delimiter).count() >= fields
    }

    fn judge(&self, extent: Extent) -> Span {
        let row = &self.input.buffer()[..extent.consumed];
        let fields = self.splitter.ends().len();
        judge_span(row, self.splitter.delimiter(), fields, self.form)
    }

    #[inline]
    fn accept(&mut self, extent: Extent, is_quoted: bool) -> Result<(), FileError> {
        let fields = self.splitter.ends().len();
        if let Some(quote) = self.open_quote {
            // What is no row is part of the cell that was opened before.
            if !self.is_like_rows(extent, is_quoted) {
                return self.reject_line(RowFault::BehindOpenQuote { line: quote.line });
            }
            self.open_quote = None;
        }
        if extent.length > MAX_ROW_BYTES {
            return Err(row_too_long(self.line));
        }
        // A shorter row is a title or a total.
        if self.has_header && fields + 1 >= self.form.header {
            self.form.last = fields;
        }
        self.next_line += extent.lines;
        self.row = Row {
            length: extent.length,
            consumed: extent.consumed,
            is_quoted,
            fault: None,
        };
        Ok(())
    }

    /// Whether the row that was split has the form of the others.
    fn is_like_rows(&self, extent: Extent, is_quoted: bool) -> bool {
        let text = if is_quoted {
            self.splitter.unquoted()
        } else {
            &self.input.buffer()[..extent.length]
        };
        self.form.fits(self.splitter.fields_of(text))
    }

    /// Rejects the current line for its quote, which would take the lines up to `last_line`.
    fn reject_quote(&mut self, last_line: u64, has_rows: bool) -> Result<(), FileError> {
        self.open_quote = Some(OpenQuote {
            line: self.line,
            last_line,
            has_rows,
        });
        self.reject_line(RowFault::OpenQuote { line: self.line })
    }

    fn reject_line(&mut self, fault: RowFault) -> Result<(), FileError> {
        match self.split(Quotes::Literal)? {
            Split::Plain(extent) => {
                self.next_line += extent.lines;
                self.row = Row {
                    length: extent.length,
                    consumed: extent.consumed,
                    is_quoted: false,
                    fault: Some(fault),
                };
                Ok(())
            }
            Split::TooManyColumns => Err(too_many_columns(self.line)),
            _ => Err(row_too_long(self.line)),
        }
    }

    /// Returns the fields of the current row with delimiters between them.
    #[inline]
    fn text(&self) -> &[u8] {
        if self.row.is_quoted {
            self.splitter.unquoted()
        } else {
            &self.input.buffer()[..self.row.length]
        }
    }

    fn unwrap_formulas(&mut self) {
        let mut plain = std::mem::take(&mut self.plain);
        self.has_formulas = plain.read_row(self.text(), self.splitter.ends());
        self.plain = plain;
    }

    /// Whether every field is blank: spreadsheets write their empty rows as delimiters alone.
    #[inline]
    fn is_blank(&self) -> bool {
        let delimiter = self.splitter.delimiter();
        let is_blank = |byte: &u8| *byte == delimiter || byte.is_ascii_whitespace();
        self.text().iter().all(is_blank)
    }
}

impl<S: Read + Seek> Table for CsvTable<S> {
    fn advance(&mut self) -> Result<bool, FileError> {
        while self.skip_blank_lines()? {
            self.read_row()?;
            if !self.is_blank() {
                self.unwrap_formulas();
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn record(&self) -> Record<'_> {
        let (ends, fault) = (self.splitter.ends(), self.row.fault);
        let record = Record::delimited(self.line, self.text(), ends, fault);
        if self.has_formulas && fault.is_none() {
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
            encoding: Some(self.input.charset().name()),
            encoding_doubt: self.doubt().cloned(),
            delimiter: Some(char::from(self.splitter.delimiter())),
            sheet: None,
            sheets: Vec::new(),
            rival_sheets: Vec::new(),
        }
    }
}

fn too_many_columns(line: u64) -> FileError {
    FileError::new("too_many_columns")
        .with("line", line)
        .with("most", MAX_COLUMNS)
}

fn row_too_long(line: u64) -> FileError {
    FileError::new("row_too_long").with("line", line)
}
