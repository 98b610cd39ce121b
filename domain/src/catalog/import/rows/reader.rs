//! The reader of one kind of file.

use super::codes::RowKeys;
use super::count::CountReader;
use super::product::ProductReader;
use super::row_error::{RowError, RowErrors};
use super::row_warning::RowWarning;
use super::sale::SaleReader;
use super::totals::RowTotals;
use crate::catalog::import::context::Context;
use crate::catalog::import::detect::Plan;
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::options::Options;
use crate::catalog::import::read::Record;

/// Reads records by the rules of their kind.
pub(crate) enum RowReader<'p> {
    Sales(Box<SaleReader<'p>>),
    Products(Box<ProductReader<'p>>),
    StockCounts(Box<CountReader<'p>>),
}

impl<'p> RowReader<'p> {
    pub(crate) fn new(
        kind: Kind,
        plan: &Plan,
        options: &'p Options,
        context: &Context,
    ) -> Result<Self, FileError> {
        Ok(match kind {
            Kind::Sales => Self::Sales(Box::new(SaleReader::new(plan, options, context)?)),
            Kind::Products => Self::Products(Box::new(ProductReader::new(plan, options, context)?)),
            Kind::StockCounts => {
                Self::StockCounts(Box::new(CountReader::new(plan, options, context)?))
            }
        })
    }

    /// Returns everything that is wrong with a rejected row, the given error first.
    pub(crate) fn list_errors(&mut self, record: Record<'_>, first: RowError) -> RowErrors {
        let mut errors = RowErrors::starting_with(first);
        match self {
            Self::Sales(reader) => reader.find_errors(record, &mut errors),
            Self::Products(reader) => reader.find_errors(record, &mut errors),
            Self::StockCounts(reader) => reader.find_errors(record, &mut errors),
        }
        errors
    }

    /// Returns the texts by which a row names its product and its site.
    pub(crate) fn read_names<'r>(&self, record: Record<'r>) -> (&'r str, &'r str)
    where
        'p: 'r,
    {
        let cells = match self {
            Self::Sales(reader) => &reader.cells,
            Self::Products(reader) => &reader.cells,
            Self::StockCounts(reader) => &reader.cells,
        };
        (
            cells.cell(record, Field::Sku),
            cells.mapped(record, Field::Site),
        )
    }

    /// Returns what somebody should look at in the row that was read last.
    pub(crate) fn warnings(&self) -> &[RowWarning] {
        match self {
            Self::Sales(reader) => &reader.warnings,
            Self::StockCounts(reader) => &reader.warnings,
            Self::Products(reader) => &reader.warnings,
        }
    }

    /// Validates a row and counts it.
    pub(super) fn count_row(
        &mut self,
        record: Record<'_>,
        keys: &mut RowKeys,
        totals: &mut RowTotals,
    ) -> Result<(), RowError> {
        totals.rows += 1;
        let read = match self {
            Self::Sales(reader) => reader.read_line(record, keys).map(|line| match line {
                Some(line) => totals.count_sale(line.kind),
                None => totals.ignored += 1,
            }),
            Self::Products(reader) => reader.read_line(record, keys).map(|_| totals.accepted += 1),
            Self::StockCounts(reader) => reader.read_line(record, keys).map(|line| match line {
                Some(_) => totals.accepted += 1,
                None => totals.ignored += 1,
            }),
        };
        totals.rejected += u64::from(read.is_err());
        read
    }
}
