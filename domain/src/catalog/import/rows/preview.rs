//! The first rows of a file and what an import would make of them.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use serde::Serialize;

use super::codes::RowKeys;
use super::issue::{Issue, IssueWriter};
use super::reader::RowReader;
use super::totals::RowTotals;
use crate::catalog::import::context::Context;
use crate::catalog::import::detect::{
    Detected, Detection, NumericCodes, Question, examine_file, open_rows,
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
    /// Why the row would be rejected.
    pub errors: Vec<Issue>,
    /// What somebody should look at.
    pub warnings: Vec<Issue>,
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
    let examined = examine_file(&mut source, kind, options, known, context.language)?;
    open_rows(source, kind, options, |table, columns| {
        let (mut reader, questions) = match examined.detection {
            Detection::Ready(plan) => {
                let reader = RowReader::new(kind, &plan, options, context)?;
                (Some(reader), Vec::new())
            }
            Detection::NeedsInput(questions) => (None, questions),
        };
        let mut rows = Vec::new();
        let writer = IssueWriter {
            columns: &columns,
            language: context.language,
        };
        while rows.len() < limit && table.advance()? {
            rows.push(preview_row(table.record(), writer, reader.as_mut()));
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
    writer: IssueWriter<'_>,
    reader: Option<&mut RowReader<'_>>,
) -> PreviewRow {
    let fields = Field::iter_all()
        .filter_map(|field| Some((field, record.display_field(writer.columns.position(field)?))))
        .collect();
    let (mut keys, mut totals) = (RowKeys::default(), RowTotals::default());
    let (errors, warnings) = reader.map_or_else(Default::default, |reader| {
        match reader.count_row(record, &mut keys, &mut totals) {
            Err(error) => {
                let errors = reader.list_errors(record, error);
                (writer.reject_row(record, errors.as_slice()).issues, vec![])
            }
            Ok(()) => (vec![], writer.describe_warnings(record, reader.warnings())),
        }
    });
    PreviewRow {
        line: record.line,
        fields,
        errors,
        warnings,
    }
}
