//! How a file is written: found by reading it until its columns of numbers and dates have decided, and asked
//! where they can't.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::import::cells::date::DateEvidence;
use crate::catalog::import::detect::columns::{Columns, Field};
use crate::catalog::import::detect::decimal_mark::MarkEvidence;
use crate::catalog::import::file_error::{Question, Refusal};
use crate::catalog::import::options::{DateFormat, DecimalMark, Kind, Options};
use crate::catalog::import::read::record::Records;
use crate::catalog::import::rows::row_error::Notation;

/// What was found, as `GET /imports/{id}` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detected {
    /// `csv` or `xlsx`.
    pub format: String,
    pub encoding: Option<String>,
    pub delimiter: Option<char>,
    pub decimal: Option<DecimalMark>,
    pub date_format: Option<DateFormat>,
    /// Field to the header of its column.
    pub columns: BTreeMap<Field, String>,
    /// Every header of the file.
    pub header: Vec<String>,
}

/// How to read the rows.
#[derive(Debug, Clone)]
pub struct Plan {
    pub columns: Columns,
    pub notation: Notation,
}

/// Whether the file tells all that must be known.
#[derive(Debug, Clone)]
pub enum Detection {
    Ready(Plan),
    NeedsInput(Vec<Question>),
}

/// Rows that are looked at even where the first has decided: a column with a few odd values is read by the most.
const SAMPLE: u64 = 1000;

const NUMBERS: [Field; 9] = [
    Field::Quantity,
    Field::UnitPrice,
    Field::Amount,
    Field::PurchasePrice,
    Field::SalePrice,
    Field::MinStock,
    Field::MaxStock,
    Field::MinimumOrderQuantity,
    Field::PackMultiple,
];

/// Reads the header, and rows until how they are written is known. Leaves the table somewhere in its middle.
pub(in crate::catalog::import) fn detect(
    table: &mut dyn Records,
    kind: Kind,
    options: &Options,
) -> Result<(Columns, Detection), Refusal> {
    let columns = header(table, kind, options)?;
    let numbers: Vec<usize> = NUMBERS.iter().filter_map(|f| columns.place(*f)).collect();
    let date = columns.place(Field::Date);
    let mut marks = MarkEvidence::default();
    let mut dates = DateEvidence::default();
    let mut rows = 0;
    while table.advance()? {
        rows += 1;
        let record = table.record();
        if let Some(place) = date.filter(|_| options.date_format.is_none()) {
            dates.observe(record.field(place));
        }
        if options.decimal.is_none() {
            numbers
                .iter()
                .for_each(|place| marks.observe(record.field(*place)));
        }
        let dates_known = date.is_none() || options.date_format.is_some() || dates.is_decided();
        let marks_known = numbers.is_empty() || options.decimal.is_some() || marks.is_decided();
        if rows >= SAMPLE && dates_known && marks_known {
            break;
        }
    }
    if rows == 0 {
        return Err(no_rows());
    }
    Ok((columns.clone(), conclude(columns, options, &marks, &dates)))
}

pub(in crate::catalog::import) fn no_rows() -> Refusal {
    Refusal::new("no_rows", "the file has a header and no rows")
}

/// The first row as header; the table stands before the first row of data.
pub(in crate::catalog::import) fn header(
    table: &mut dyn Records,
    kind: Kind,
    options: &Options,
) -> Result<Columns, Refusal> {
    if !table.advance()? {
        return Err(Refusal::new("empty_file", "the file has no rows"));
    }
    let record = table.record();
    let titles = (0..record.len())
        .map(|i| record.shown(i).trim().to_owned())
        .collect();
    Columns::find(titles, kind, options)
}

fn conclude(
    columns: Columns,
    options: &Options,
    marks: &MarkEvidence,
    dates: &DateEvidence,
) -> Detection {
    let mut questions = Vec::new();
    let mut ask = |option: &str, choices: [&str; 2], message: &str, examples: &[String]| {
        questions.push(Question {
            option: option.into(),
            choices: choices.map(Into::into).into(),
            message: message.into(),
            examples: examples.iter().map(|text| shown(text)).collect(),
        });
    };
    let mark = options.decimal.map_or_else(|| marks.verdict(), Ok);
    let format = options.date_format.map_or_else(|| dates.verdict(), Ok);
    if let Err(examples) = mark {
        ask(
            "decimal",
            [".", ","],
            "the decimal mark can't be told from the file",
            examples,
        );
    }
    if let Err(examples) = format {
        ask(
            "date_format",
            ["d/m/Y", "m/d/Y"],
            "the order of day and month can't be told from the file",
            examples,
        );
    }
    match (mark, format) {
        (Ok(mark), Ok(dates)) => Detection::Ready(Plan {
            columns,
            notation: Notation { mark, dates },
        }),
        _ => Detection::NeedsInput(questions),
    }
}

/// An example as it can be stored and shown, whatever stands behind the date in its cell.
fn shown(text: &str) -> String {
    text.replace('\0', "\u{fffd}").chars().take(60).collect()
}

/// Sums up for people; the encoding may still change its name until the whole file is read.
pub(in crate::catalog::import) fn describe(
    table: &dyn Records,
    columns: &Columns,
    detection: &Detection,
) -> Detected {
    let notation = match detection {
        Detection::Ready(plan) => Some(plan.notation),
        Detection::NeedsInput(_) => None,
    };
    let shape = table.shape();
    Detected {
        format: shape.format.into(),
        encoding: shape.encoding.map(Into::into),
        delimiter: shape.delimiter,
        decimal: notation.map(|n| n.mark),
        date_format: notation
            .filter(|_| columns.place(Field::Date).is_some())
            .map(|n| n.dates),
        columns: columns.found(),
        header: columns.header.clone(),
    }
}
