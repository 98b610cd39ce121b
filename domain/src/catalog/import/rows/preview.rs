//! The first rows of a file and what an import would make of them.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use serde::Serialize;

use super::codes::RowKeys;
use super::reader::RowReader;
use super::row_error::RejectedRow;
use super::totals::RowTotals;
use crate::catalog::import::context::Context;
use crate::catalog::import::detect::{
    Columns, Detected, Detection, NumericCodes, Question, examine_file, open_rows,
};
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::options::Options;
use crate::catalog::import::read::Record;

/// The first rows of a file.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    pub detected: Detected,
    pub questions: Vec<Question>,
    pub rows: Vec<PreviewRow>,
}

/// A row of a preview, valid or rejected.
#[derive(Debug, Clone, Serialize)]
pub struct PreviewRow {
    pub line: u64,
    /// The fields that have a column, as they stand in the file.
    pub fields: BTreeMap<Field, String>,
    pub error: Option<RejectedRow>,
}

/// Reads the first `limit` rows; nothing is stored. `known` are the codes of the catalog.
pub fn preview_file<S: Read + Seek>(
    mut source: S,
    kind: Kind,
    options: &Options,
    context: &Context,
    known: NumericCodes,
    limit: usize,
) -> Result<Preview, FileError> {
    let examined = examine_file(&mut source, kind, options, known)?;
    open_rows(source, kind, options, |table, columns| {
        let (mut reader, questions) = match examined.detection {
            Detection::Ready(plan) => {
                let reader = RowReader::new(kind, &plan, options, context)?;
                (Some(reader), Vec::new())
            }
            Detection::NeedsInput(questions) => (None, questions),
        };
        let mut rows = Vec::new();
        while rows.len() < limit && table.advance()? {
            rows.push(preview_row(table.record(), &columns, reader.as_mut()));
        }
        Ok(Preview {
            detected: examined.detected,
            questions,
            rows,
        })
    })
}

fn preview_row(
    record: Record<'_>,
    columns: &Columns,
    reader: Option<&mut RowReader<'_>>,
) -> PreviewRow {
    let fields = Field::iter_all()
        .filter_map(|field| Some((field, record.display_field(columns.position(field)?))))
        .collect();
    let (mut keys, mut totals) = (RowKeys::default(), RowTotals::default());
    let error = reader.and_then(|reader| reader.count_row(record, &mut keys, &mut totals).err());
    PreviewRow {
        line: record.line,
        fields,
        error: error.map(|error| RejectedRow::new(error, record, columns)),
    }
}
