//! Reads a file until it is known how it is written.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use serde::{Deserialize, Serialize};

use super::columns::Columns;
use super::date_order::DateEvidence;
use super::decimal_mark::MarkEvidence;
use super::question::{Question, QuestionOption};
use crate::catalog::import::field::{Content, Field};
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::options::{DateFormat, DecimalMark, Options};
use crate::catalog::import::read::{
    CellKind, Format, SheetName, Table, open_table, strip_formula_guard,
};

/// Rows that are read even where the first has decided: the majority decides about a column with a
/// few odd values.
const SAMPLE_ROWS: u64 = 1000;

/// What was detected, as `GET /imports/{id}` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detected {
    pub format: Format,
    pub encoding: Option<String>,
    pub delimiter: Option<char>,
    /// The sheet that is read.
    #[serde(default)]
    pub sheet: Option<String>,
    /// Every sheet of a spreadsheet.
    #[serde(default)]
    pub sheets: Vec<SheetName>,
    pub decimal: Option<DecimalMark>,
    pub date_format: Option<DateFormat>,
    /// Field to the header of its column.
    pub columns: BTreeMap<Field, String>,
    /// Every header of the file.
    pub header: Vec<String>,
}

/// How numbers and dates of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Notation {
    pub(crate) mark: DecimalMark,
    pub(crate) dates: DateFormat,
}

/// How to read the rows.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(crate) columns: Columns,
    pub(crate) notation: Notation,
}

/// Whether the file decides everything that must be known.
#[derive(Debug, Clone)]
pub enum Detection {
    Ready(Plan),
    NeedsInput(Vec<Question>),
}

/// How a file is written, or what the caller must answer first.
#[derive(Debug, Clone)]
pub struct ExaminedFile {
    pub detected: Detected,
    pub detection: Detection,
}

/// Detects how the file is written. Reads on after the first thousand rows only where they don't
/// decide.
pub fn examine_file<S: Read + Seek>(
    source: S,
    kind: Kind,
    options: &Options,
) -> Result<ExaminedFile, FileError> {
    open_rows(source, kind, options, |table, columns| {
        let (marks, dates) = collect_evidence(table, &columns, options)?;
        let detection = conclude_detection(columns.clone(), options, &marks, &dates);
        Ok(ExaminedFile {
            detected: describe_file(table, &columns, &detection),
            detection,
        })
    })
}

/// Validates that the file has the columns of its kind and at least one row.
pub fn validate_head<S: Read + Seek>(
    source: S,
    kind: Kind,
    options: &Options,
) -> Result<(), FileError> {
    open_rows(source, kind, options, |table, _| {
        if table.advance()? {
            Ok(())
        } else {
            Err(no_rows())
        }
    })
}

/// Opens a file and finds the columns of `kind` in its header; the table then stands before the
/// first row of data.
pub(crate) fn open_rows<S: Read + Seek, T>(
    source: S,
    kind: Kind,
    options: &Options,
    use_rows: impl FnOnce(&mut dyn Table, Columns) -> Result<T, FileError>,
) -> Result<T, FileError> {
    let read_head = |table: &mut dyn Table| read_header(table, kind, options);
    open_table(source, options, read_head, use_rows)
}

/// Reads the first row as header.
fn read_header(table: &mut dyn Table, kind: Kind, options: &Options) -> Result<Columns, FileError> {
    if !table.advance()? {
        return Err(FileError::new("empty_file", "the file has no rows"));
    }
    let record = table.record();
    let titles = (0..record.len())
        .map(|index| record.display_field(index).trim().to_owned())
        .collect();
    Columns::find(titles, kind, options)
}

/// Reads rows until the notation is decided; leaves the table somewhere in its middle.
fn collect_evidence(
    table: &mut dyn Table,
    columns: &Columns,
    options: &Options,
) -> Result<(MarkEvidence, DateEvidence), FileError> {
    let numbers: Vec<usize> = Field::iter_all()
        .filter(|field| field.content() == Content::Decimal && options.decimal.is_none())
        .filter_map(|field| columns.position(field))
        .collect();
    let date = columns
        .position(Field::Date)
        .filter(|_| options.date_format.is_none());
    let text_of: fn(&str) -> &str = if columns.is_error_file() {
        strip_formula_guard
    } else {
        |text| text
    };
    let mut marks = MarkEvidence::default();
    let mut dates = DateEvidence::default();
    let mut rows = 0;
    while table.advance()? {
        rows += 1;
        let record = table.record();
        if let Some(position) = date {
            dates.observe(text_of(record.field(position)));
        }
        // A number cell needs no decimal mark.
        let written = |position: &&usize| record.kind(**position) != CellKind::Number;
        for position in numbers.iter().filter(written) {
            marks.observe(text_of(record.field(*position)));
        }
        let dates_known = date.is_none() || dates.is_decided();
        let marks_known = numbers.is_empty() || marks.is_decided();
        if rows >= SAMPLE_ROWS && dates_known && marks_known {
            break;
        }
    }
    if rows == 0 {
        return Err(no_rows());
    }
    Ok((marks, dates))
}

fn no_rows() -> FileError {
    FileError::new("no_rows", "the file has a header and no rows")
}

fn conclude_detection(
    columns: Columns,
    options: &Options,
    marks: &MarkEvidence,
    dates: &DateEvidence,
) -> Detection {
    let mark = options.decimal.map_or_else(|| marks.conclude(), Ok);
    let format = options.date_format.map_or_else(|| dates.conclude(), Ok);
    let (mark_examples, date_examples) = match (mark, format) {
        (Ok(mark), Ok(dates)) => {
            let notation = Notation { mark, dates };
            return Detection::Ready(Plan { columns, notation });
        }
        (mark, format) => (mark.err(), format.err()),
    };
    let decimal = mark_examples.map(|examples| {
        Question::new(
            QuestionOption::Decimal,
            [".", ","],
            "the file doesn't decide its decimal mark",
            examples,
        )
    });
    let date_format = date_examples.map(|examples| {
        Question::new(
            QuestionOption::DateFormat,
            ["d/m/Y", "m/d/Y"],
            "the file doesn't decide the order of day and month",
            examples,
        )
    });
    Detection::NeedsInput(decimal.into_iter().chain(date_format).collect())
}

/// Describes the file for people. The encoding may still change until the whole file is read.
fn describe_file(table: &dyn Table, columns: &Columns, detection: &Detection) -> Detected {
    let notation = match detection {
        Detection::Ready(plan) => Some(plan.notation),
        Detection::NeedsInput(_) => None,
    };
    let shape = table.shape();
    Detected {
        format: shape.format,
        encoding: shape.encoding.map(Into::into),
        delimiter: shape.delimiter,
        sheet: shape.sheet,
        sheets: shape.sheets,
        decimal: notation.map(|notation| notation.mark),
        date_format: notation
            .filter(|_| columns.position(Field::Date).is_some())
            .map(|notation| notation.dates),
        columns: columns.titles(),
        header: columns.header.clone(),
    }
}
