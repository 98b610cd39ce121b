//! One row of a stock-count file: the level of a product at a time and, where the file has sites,
//! at a site.

use super::cells::CellReader;
use super::codes::RowKeys;
use super::identity::count_key;
use super::row_error::RowError;
use crate::catalog::FactKey;
use crate::catalog::import::cells::ZoneClock;
use crate::catalog::import::context::Context;
use crate::catalog::import::detect::Plan;
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::{ImplausibleValues, Options};
use crate::catalog::import::read::Record;

/// A valid row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CountLine<'a> {
    pub(crate) line: u64,
    pub(crate) key: FactKey,
    pub(crate) sku: &'a str,
    pub(crate) name: &'a str,
    pub(crate) site: &'a str,
    /// Thousandths; may be negative, as levels may.
    pub(crate) quantity: i64,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub(crate) at: i64,
}

/// Reads records as counts.
pub(crate) struct CountReader<'p> {
    cells: CellReader<'p>,
    clock: ZoneClock,
    now: i64,
    future_dates: ImplausibleValues,
}

impl<'p> CountReader<'p> {
    pub(super) fn new(
        plan: &Plan,
        options: &'p Options,
        context: &Context,
    ) -> Result<Self, FileError> {
        Ok(Self {
            cells: CellReader::new(plan, options),
            clock: ZoneClock::new(context.file_zone(options)?, context.zone),
            now: context.now.timestamp_micros(),
            future_dates: options.future_dates,
        })
    }

    /// Returns the count of a row, and leaves its keys in `keys`. A count without a date was made
    /// when the file was uploaded.
    pub(crate) fn read_line<'r>(
        &mut self,
        record: Record<'r>,
        keys: &mut RowKeys,
    ) -> Result<CountLine<'r>, RowError>
    where
        'p: 'r,
    {
        let sku = self.cells.require_sku(record, keys)?;
        let site = self.cells.read_site(record, keys)?;
        self.cells.read_text(record, Field::Quantity, 100)?;
        let quantity = self.cells.read_number(record, Field::Quantity, 3)?.scaled;
        let at = match self.cells.read_text(record, Field::Date, 100)? {
            "" => self.now,
            _ => self.clock.convert_time(self.cells.read_date(record)?).at,
        };
        if at > self.now && self.future_dates == ImplausibleValues::Reject {
            let reason = "the date is in the future";
            return Err(RowError::new(Field::Date, "future_date", reason));
        }
        Ok(CountLine {
            line: record.line,
            key: count_key(&keys.sku, &keys.site, at, quantity),
            sku,
            name: self.cells.read_text(record, Field::Name, 500)?,
            site,
            quantity,
            at,
        })
    }
}
