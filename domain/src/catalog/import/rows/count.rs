//! One row of a stock-count file: the level of a product at a time and, where said, at a site.

use crate::catalog::FactKey;
use crate::catalog::import::cells::zone::Clock;
use crate::catalog::import::context::Context;
use crate::catalog::import::detect::columns::{Columns, Field};
use crate::catalog::import::options::{Options, Unlikely};
use crate::catalog::import::read::record::Record;
use crate::catalog::import::rows::identity::of_count;
use crate::catalog::import::rows::row_error::{Flaw, Notation, at_most, check_shape};
use crate::catalog::import::rows::sale::upper_into;

/// A good row.
#[derive(Debug, Clone, Copy)]
pub(in crate::catalog::import) struct CountLine<'a> {
    pub line: u64,
    pub key: FactKey,
    pub sku: &'a str,
    pub name: &'a str,
    pub site: &'a str,
    /// Thousandths; may be negative, as levels may.
    pub quantity: i64,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub at: i64,
}

/// Turns records into counts.
pub(in crate::catalog::import) struct CountReader {
    places: [usize; Field::COUNT],
    columns: Columns,
    notation: Notation,
    clock: Clock,
    now: i64,
    future_dates: Unlikely,
    sku_key: String,
    site_key: String,
}

impl CountReader {
    pub(in crate::catalog::import) fn new(
        columns: Columns,
        notation: Notation,
        options: &Options,
        context: &Context,
    ) -> Self {
        Self {
            places: columns.places(),
            columns,
            notation,
            clock: Clock::new(options.zone(context), context.zone),
            now: context.now.timestamp_micros(),
            future_dates: options.future_dates,
            sku_key: String::new(),
            site_key: String::new(),
        }
    }

    /// The row's count; without a date it was counted when the file came.
    pub(in crate::catalog::import) fn read<'r>(
        &mut self,
        record: Record<'r>,
    ) -> Result<CountLine<'r>, Flaw> {
        check_shape(record, &self.columns)?;
        let text = |f: Field, most| at_most(f, record.field(self.places[f as usize]), most);
        let sku = text(Field::Sku, 100)?;
        if sku.is_empty() {
            return Err(Flaw::new(
                Field::Sku,
                "missing_value",
                "the product's code is missing",
            ));
        }
        let site = text(Field::Site, 200)?;
        let quantity = self
            .notation
            .number(Field::Quantity, text(Field::Quantity, 100)?, 3)?
            .scaled;
        let at = match text(Field::Date, 100)? {
            "" => self.now,
            date => self.clock.moment(self.notation.date(Field::Date, date)?).at,
        };
        if at > self.now && self.future_dates == Unlikely::Reject {
            return Err(Flaw::new(
                Field::Date,
                "future_date",
                "the date is in the future",
            ));
        }
        upper_into(sku, &mut self.sku_key);
        upper_into(site, &mut self.site_key);
        let key = of_count(&self.sku_key, &self.site_key, at, quantity);
        Ok(CountLine {
            line: record.line,
            key,
            sku,
            name: text(Field::Name, 500)?,
            site,
            quantity,
            at,
        })
    }
}
