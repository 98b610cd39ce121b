//! One row of a stock-count file: the level of a product at a time and, where the file has sites,
//! at a site.

use super::cells::CellReader;
use super::codes::RowKeys;
use super::identity::count_key;
use super::row_error::{RowError, RowErrors};
use super::row_warning::{RowWarning, warn_of_garbled, warn_of_rounded};
use super::total_row::{RowRole, TotalTracker};
use crate::catalog::FactKey;
use crate::catalog::import::cells::ZoneClock;
use crate::catalog::import::context::Context;
use crate::catalog::import::detect::Plan;
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::lifecycle::WarningCode;
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
    /// Thousandths; nobody counts fewer than none.
    pub(crate) quantity: i64,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub(crate) at: i64,
}

/// Reads records as counts.
pub(crate) struct CountReader<'p> {
    pub(super) cells: CellReader<'p>,
    clock: ZoneClock,
    now: i64,
    future_dates: ImplausibleValues,
    totals: TotalTracker,
    /// About the current row.
    pub(super) warnings: Vec<RowWarning>,
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
            totals: TotalTracker::new(options.total_rows, plan.profile, Field::Quantity),
            warnings: Vec::new(),
        })
    }

    /// Returns the count of a row, and leaves its keys in `keys`; `None` for a total. A count
    /// without a date was made when the file was uploaded.
    pub(crate) fn read_line<'r>(
        &mut self,
        record: Record<'r>,
        keys: &mut RowKeys,
    ) -> Result<Option<CountLine<'r>>, RowError>
    where
        'p: 'r,
    {
        self.warnings.clear();
        if self.totals.classify_row(&self.cells, record)? == RowRole::Total {
            let warning = RowWarning::new(Field::Quantity, WarningCode::TotalRows);
            self.warnings.push(warning);
            return Ok(None);
        }
        let sku = self.cells.require_sku(record, keys)?;
        let site = self.cells.read_site(record, keys)?;
        self.cells.read_text(record, Field::Quantity, 100)?;
        let quantity = self.read_level(record)?;
        let at = self.read_time(record)?;
        let name = self.cells.read_text(record, Field::Name, 500)?;
        self.totals.add_row(quantity);
        let texts = [Field::Sku, Field::Name, Field::Site];
        warn_of_garbled(&self.cells, record, &texts, &mut self.warnings);
        let quantities = [(Field::Quantity, 3)];
        warn_of_rounded(&self.cells, record, &quantities, &mut self.warnings);
        self.cells
            .warn_of_damaged(record, (sku, keys), &mut self.warnings);
        Ok(Some(CountLine {
            line: record.line,
            key: count_key(&keys.sku, &keys.site, at, quantity),
            sku,
            name,
            site,
            quantity,
            at,
        }))
    }

    fn read_level(&self, record: Record<'_>) -> Result<i64, RowError> {
        match self.cells.read_number(record, Field::Quantity, 3)?.scaled {
            ..0 => Err(RowError::new(Field::Quantity, "negative")),
            level => Ok(level),
        }
    }

    fn read_time(&mut self, record: Record<'_>) -> Result<i64, RowError> {
        let date = self.cells.read_text(record, Field::Date, 100)?;
        let has_time = self.cells.read_time(record)?.is_some();
        let at = match date {
            "" if !has_time => self.now,
            _ => {
                let written = self.cells.read_date(record)?;
                match written.time {
                    Some(_) => self.clock.convert_time(written).at,
                    None => self.close_day(written.day),
                }
            }
        };
        if at > self.now && self.future_dates == ImplausibleValues::Reject {
            return Err(RowError::new(Field::Date, "future_date"));
        }
        Ok(at)
    }

    /// Returns when the count of a day was made: at its end, or now where the day isn't over.
    fn close_day(&mut self, day: i32) -> i64 {
        let end = self.clock.end_of_day(day);
        let is_today = self.clock.end_of_day(day - 1) < self.now && self.now < end;
        if is_today { self.now } else { end }
    }

    /// Adds whatever else is wrong with a rejected row.
    pub(super) fn find_errors(&mut self, record: Record<'_>, errors: &mut RowErrors) {
        let mut keys = RowKeys::default();
        errors.check(self.cells.require_sku(record, &mut keys));
        errors.check(self.cells.read_site(record, &mut keys));
        errors.check(self.read_level(record));
        errors.check(self.read_time(record));
        errors.check(self.cells.read_text(record, Field::Name, 500));
    }
}
