//! Detects how a file is written: its header, and the notation of its columns.

use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::columns::{Columns, FIRST_ERROR_COLUMN};
use super::header::read_header;
use super::leading_zeros::{CodeAliases, NumericCodes};
use super::notation::{Notation, ask_for_encoding, ask_for_sheet, conclude_notation};
use super::observation::{Observations, no_rows};
use super::other_kind::reject_sales;
use super::question::Question;
use super::row_profile::RowProfile;
use crate::catalog::import::field::{Content, Field};
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::options::{DateFormat, DecimalMark, Options, SameDay};
use crate::catalog::import::read::{Format, MergedCells, SheetName, Table, open_table};
use crate::identity::Language;

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
    /// Field to the decimal mark of its column.
    pub decimal: BTreeMap<Field, DecimalMark>,
    pub date_format: Option<DateFormat>,
    /// The line on which the header stands; rows above it aren't read.
    pub header_line: u64,
    /// Field to the header of its column.
    pub columns: BTreeMap<Field, String>,
    /// The headers of the columns that aren't read.
    pub ignored_columns: Vec<String>,
    /// Every header of the file.
    pub header: Vec<String>,
}

impl Detected {
    /// Whether the file is one of our error files, corrected or not.
    fn is_error_file(&self) -> bool {
        self.header
            .iter()
            .any(|title| title.trim() == FIRST_ERROR_COLUMN)
    }

    /// Returns the options as they hold for this file: an error file is a part of its days, and
    /// neither holds them nor is it further sales.
    pub fn adjust_options(&self, options: Options) -> Options {
        let same_day = match self.is_error_file() {
            true => Some(SameDay::Union),
            false => options.same_day,
        };
        Options {
            same_day,
            ..options
        }
    }
}

/// How to read the rows.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(crate) columns: Columns,
    pub(crate) notation: Notation,
    pub(crate) aliases: Arc<CodeAliases>,
    pub(crate) profile: RowProfile,
    pub(crate) merged: Arc<MergedCells>,
}

/// Whether the file decides everything that must be known.
#[derive(Debug, Clone)]
pub enum Detection {
    Ready(Box<Plan>),
    NeedsInput(Vec<Question>),
}

/// How a file is written, or what the caller must answer first.
#[derive(Debug, Clone)]
pub struct ExaminedFile {
    pub detected: Detected,
    pub detection: Detection,
}

/// Detects how the file is written, from all of its rows. `known` are the codes of the catalog.
/// Questions are asked in `language`.
pub fn examine_file<S: Read + Seek>(
    source: S,
    kind: Kind,
    options: &Options,
    known: NumericCodes,
    language: Language,
) -> Result<ExaminedFile, FileError> {
    open_rows(source, kind, options, |table, mut columns| {
        if kind == Kind::StockCounts {
            reject_sales(&columns, options)?;
        }
        let observations = Observations::collect(table, &columns, kind, options, known)?;
        let open = observations.rivals.settle(&mut columns);
        let notation = conclude_notation(&columns, &open, options, &observations, language);
        let shape = table.shape();
        let ask = |doubt| ask_for_encoding(doubt, language);
        let mut questions: Vec<Question> = shape.encoding_doubt.iter().map(ask).collect();
        let which_sheet = ask_for_sheet(&shape.rival_sheets, language);
        questions.extend(which_sheet);
        let detected = describe_file(table, &columns, notation.as_ref().ok());
        let detection = match notation {
            Ok(notation) if questions.is_empty() => Detection::Ready(Box::new(Plan {
                profile: observations.profile.conclude(&columns),
                columns,
                notation,
                aliases: Arc::new(observations.codes.into_aliases()),
                merged: Arc::new(table.merged_cells()),
            })),
            Ok(_) => Detection::NeedsInput(questions),
            // Whatever else is to be asked depends on the sheet.
            Err(_) if !shape.rival_sheets.is_empty() => Detection::NeedsInput(questions),
            Err(others) => {
                questions.extend(others);
                Detection::NeedsInput(questions)
            }
        };
        Ok(ExaminedFile {
            detected,
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
    open_table(source, options, read_head, |table, columns| {
        let is_text = |field: &Field| field.content() == Content::Text;
        let texts = Field::iter_all().filter(is_text);
        table.read_as_texts(texts.filter_map(|field| columns.position(field)).collect());
        use_rows(table, columns)
    })
}

/// Describes the file for people. The notation is unknown while questions are open.
fn describe_file(table: &dyn Table, columns: &Columns, notation: Option<&Notation>) -> Detected {
    let shape = table.shape();
    let is_number = |field: &Field| {
        let is_number = matches!(field.content(), Content::Decimal | Content::Integer);
        is_number && columns.position(*field).is_some()
    };
    let marks = |notation: &Notation| {
        let numbers = Field::iter_all().filter(is_number);
        numbers.map(|field| (field, notation.mark(field))).collect()
    };
    Detected {
        format: shape.format,
        encoding: shape.encoding.map(Into::into),
        delimiter: shape.delimiter,
        sheet: shape.sheet,
        sheets: shape.sheets,
        decimal: notation.map(marks).unwrap_or_default(),
        date_format: notation
            .filter(|_| columns.position(Field::Date).is_some())
            .map(|notation| notation.dates),
        header_line: columns.header_line,
        columns: columns.titles(),
        ignored_columns: columns.ignored_titles(),
        header: columns.header.clone(),
    }
}
