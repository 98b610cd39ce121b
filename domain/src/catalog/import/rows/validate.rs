//! Reads a whole file as an import would, and writes nothing: the benchmark of parsing and
//! validation.

use std::io::{Read, Seek};

use serde::Serialize;

use super::reader::RowReader;
use super::row_error::RejectedRow;
use crate::catalog::SaleKind;
use crate::catalog::import::context::Context;
use crate::catalog::import::detect::{Plan, read_header};
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::options::Options;
use crate::catalog::import::read::open_table;

/// The rows of a file, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    pub rows: u64,
    pub accepted: u64,
    pub rejected: u64,
    /// Rows of codes that the options ignore.
    pub ignored: u64,
    pub sales: u64,
    pub returns: u64,
    pub cancellations: u64,
    pub adjustments: u64,
}

impl Totals {
    pub(crate) fn count_sale(&mut self, kind: SaleKind) {
        self.accepted += 1;
        *match kind {
            SaleKind::Sale => &mut self.sales,
            SaleKind::Return => &mut self.returns,
            SaleKind::Cancellation => &mut self.cancellations,
            SaleKind::Adjustment => &mut self.adjustments,
        } += 1;
    }
}

/// Reads and counts every row; passes the rejected ones to `on_rejected`.
pub fn validate_rows<S: Read + Seek>(
    source: S,
    kind: Kind,
    options: &Options,
    plan: &Plan,
    context: &Context,
    mut on_rejected: impl FnMut(RejectedRow),
) -> Result<Totals, FileError> {
    open_table(source, options, |table| {
        read_header(table, kind, options)?;
        let mut reader = RowReader::new(kind, plan, options, context)?;
        let mut totals = Totals::default();
        while table.advance()? {
            let record = table.record();
            if let Err(error) = reader.count_row(record, &mut totals) {
                on_rejected(RejectedRow::new(error, record, &plan.columns));
            }
        }
        Ok(totals)
    })
}
