//! Reads a whole file as an import would, and writes nothing: the benchmark of parsing and
//! validation.

use std::io::{Read, Seek};

use super::codes::RowKeys;
use super::issue::{IssueWriter, RowIssues};
use super::reader::RowReader;
use super::totals::RowTotals;
use crate::catalog::import::context::Context;
use crate::catalog::import::detect::{Plan, open_rows};
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::options::Options;

/// Reads and counts every row; passes the rejected ones to `on_rejected`.
pub fn validate_rows<S: Read + Seek>(
    source: S,
    kind: Kind,
    options: &Options,
    plan: &Plan,
    context: &Context,
    mut on_rejected: impl FnMut(RowIssues),
) -> Result<RowTotals, FileError> {
    open_rows(source, kind, options, |table, _| {
        let mut reader = RowReader::new(kind, plan, options, context)?;
        let (mut keys, mut totals) = (RowKeys::default(), RowTotals::default());
        let writer = IssueWriter {
            columns: &plan.columns,
            language: context.language,
        };
        while table.advance()? {
            let record = table.record();
            if let Err(error) = reader.count_row(record, &mut keys, &mut totals) {
                let errors = reader.list_errors(record, error);
                on_rejected(writer.reject_row(record, errors.as_slice()));
            }
        }
        Ok(totals)
    })
}
