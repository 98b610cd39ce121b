//! One row of a sales file. Nothing is allocated for a valid row.

use super::cells::CellReader;
use super::identity::SaleIdentity;
use super::ignored_codes::IgnoredCodes;
use super::occurrence::{OCCURRENCE_COLUMN, Occurrence, find_occurrence, parse_occurrence};
use super::row_error::RowError;
use super::sale_money::read_sale_money;
use super::sale_status::parse_status;
use crate::catalog::import::cells::{Moment, Money, ZoneClock, cut_text, trim_fraction, write_key};
use crate::catalog::import::context::{Context, CurrencyCode};
use crate::catalog::import::detect::Plan;
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::{ImplausibleValues, Options};
use crate::catalog::import::read::Record;
use crate::catalog::{FactKey, SaleKind, SaleStatus};

/// How far in the future a sale may be: the clocks of tills run fast.
const FUTURE_TOLERANCE_MICROS: i64 = 86_400_000_000;
const MAX_REFERENCE_CHARS: usize = 200;

/// A valid row. Texts are as in the file, without blanks around.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SaleLine<'a> {
    pub(crate) line: u64,
    /// Identity, with the occurrence where the row records it.
    pub(crate) key: FactKey,
    /// A row of an error file whose recorded occurrence is missing or void.
    pub(crate) lost_occurrence: bool,
    pub(crate) sku: &'a str,
    pub(crate) name: &'a str,
    pub(crate) document: &'a str,
    pub(crate) external_id: &'a str,
    pub(crate) customer: &'a str,
    pub(crate) customer_name: &'a str,
    pub(crate) country: &'a str,
    pub(crate) site: &'a str,
    /// `None` where the file has no status.
    pub(crate) status: Option<SaleStatus>,
    pub(crate) kind: SaleKind,
    /// Thousandths.
    pub(crate) quantity: i64,
    pub(crate) money: Money,
    pub(crate) moment: Moment,
}

/// Rows that were accepted with a warning.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SaleWarnings {
    pub(crate) negative_prices: u64,
    pub(crate) future_dates: u64,
}

/// Reads records as sale lines.
pub(crate) struct SaleReader {
    cells: CellReader,
    /// Position of the occurrence's column in an error file.
    occurrence: Option<usize>,
    clock: ZoneClock,
    currency: CurrencyCode,
    /// Microseconds since 1970.
    latest: i64,
    negative_prices: ImplausibleValues,
    future_dates: ImplausibleValues,
    cancellation_prefix: Option<String>,
    ignored: IgnoredCodes,
    sku_key: String,
    pub(crate) warnings: SaleWarnings,
}

impl SaleReader {
    pub(super) fn new(
        plan: &Plan,
        options: &Options,
        context: &Context,
    ) -> Result<Self, FileError> {
        let mut header = plan.columns.header.iter();
        Ok(Self {
            occurrence: header.position(|title| title.trim() == OCCURRENCE_COLUMN),
            cells: CellReader::new(plan),
            clock: ZoneClock::new(context.file_zone(options)?, context.zone),
            currency: context.file_currency(options)?,
            latest: context.now.timestamp_micros() + FUTURE_TOLERANCE_MICROS,
            negative_prices: options.negative_prices,
            future_dates: options.future_dates,
            cancellation_prefix: options.cancellation_prefix.clone(),
            ignored: IgnoredCodes::new(&options.ignore_codes),
            sku_key: String::new(),
            warnings: SaleWarnings::default(),
        })
    }

    /// Returns the sale line of a row; `None` where its code is ignored.
    pub(crate) fn read_line<'r>(
        &mut self,
        record: Record<'r>,
    ) -> Result<Option<SaleLine<'r>>, RowError> {
        let sku = self.cells.require_sku(record)?;
        write_key(sku, &mut self.sku_key);
        if self.ignored.contains(&self.sku_key) {
            return Ok(None);
        }
        let document = self.read_reference(record, Field::Document)?;
        let external_id = self
            .cells
            .read_text(record, Field::ExternalId, MAX_REFERENCE_CHARS)?;
        let customer = self.read_reference(record, Field::Customer)?;
        let quantity = self.read_quantity(record)?;
        let money = self.read_plausible_money(record, quantity)?;
        let moment = self.read_plausible_moment(record)?;
        let kind = self.classify_line(document, quantity, money.unit_price)?;
        let sku_key = &self.sku_key;
        let identity = if !external_id.is_empty() {
            SaleIdentity::External(external_id)
        } else if !document.is_empty() {
            SaleIdentity::Document { document, sku_key }
        } else {
            SaleIdentity::Facts {
                day: moment.day,
                sku_key,
                customer,
                quantity,
                unit_price: money.unit_price,
            }
        };
        let key = identity.key();
        let number = self
            .occurrence
            .map(|position| parse_occurrence(record.field(position), key));
        Ok(Some(SaleLine {
            line: record.line,
            key: key.of_occurrence(number.flatten().unwrap_or(1)),
            lost_occurrence: number == Some(None) && external_id.is_empty(),
            sku,
            name: cut_text(self.cells.cell(record, Field::Name), 500),
            document,
            external_id,
            customer,
            customer_name: cut_text(self.cells.cell(record, Field::CustomerName), 200),
            country: cut_text(self.cells.cell(record, Field::Country), 100),
            site: self.cells.read_text(record, Field::Site, 200)?,
            status: parse_status(self.cells.cell(record, Field::Status))?,
            kind,
            quantity,
            money,
            moment,
        }))
    }

    /// Returns the occurrence of a rejected row among the lines of its identity. Returns `None` for
    /// an invalid identity, and for the caller's own id, which needs no occurrence.
    pub(crate) fn find_rejected_occurrence(&mut self, record: Record<'_>) -> Option<Occurrence> {
        let identity = self.read_identity(record).transpose()?;
        let cell = self.occurrence.map(|position| record.field(position));
        find_occurrence(identity, cell)
    }

    fn read_identity(&mut self, record: Record<'_>) -> Result<Option<FactKey>, RowError> {
        self.cells.validate_shape(record)?;
        let sku = self.cells.read_text(record, Field::Sku, 100)?;
        if sku.is_empty() || !self.cells.cell(record, Field::ExternalId).is_empty() {
            return Ok(None);
        }
        let document = self.read_reference(record, Field::Document)?;
        let customer = self.read_reference(record, Field::Customer)?;
        write_key(sku, &mut self.sku_key);
        let sku_key = &self.sku_key;
        if !document.is_empty() {
            return Ok(Some(SaleIdentity::Document { document, sku_key }.key()));
        }
        let quantity = self.read_quantity(record)?;
        let (_, money) = read_sale_money(&self.cells, record, quantity, self.currency)?;
        let date = self.cells.read_date(record)?;
        let identity = SaleIdentity::Facts {
            day: self.clock.convert_time(date).day,
            sku_key,
            customer,
            quantity,
            unit_price: money.unit_price,
        };
        Ok(Some(identity.key()))
    }

    #[inline]
    fn read_reference<'r>(&self, record: Record<'r>, field: Field) -> Result<&'r str, RowError> {
        let text = self.cells.read_text(record, field, MAX_REFERENCE_CHARS)?;
        Ok(trim_fraction(text))
    }

    #[inline]
    fn read_quantity(&self, record: Record<'_>) -> Result<i64, RowError> {
        Ok(self.cells.read_number(record, Field::Quantity, 3)?.scaled)
    }

    #[inline]
    fn read_plausible_money(
        &mut self,
        record: Record<'_>,
        quantity: i64,
    ) -> Result<Money, RowError> {
        let (field, money) = read_sale_money(&self.cells, record, quantity, self.currency)?;
        if money.unit_price < 0 {
            if self.negative_prices == ImplausibleValues::Reject {
                let reason = "the price is negative";
                return Err(RowError::new(field, "negative_price", reason));
            }
            self.warnings.negative_prices += 1;
        }
        Ok(money)
    }

    #[inline]
    fn read_plausible_moment(&mut self, record: Record<'_>) -> Result<Moment, RowError> {
        let date = self.cells.read_date(record)?;
        let moment = self.clock.convert_time(date);
        if moment.at > self.latest {
            if self.future_dates == ImplausibleValues::Reject {
                let reason = "the date is in the future";
                return Err(RowError::new(Field::Date, "future_date", reason));
            }
            self.warnings.future_dates += 1;
        }
        Ok(moment)
    }

    #[inline]
    fn classify_line(
        &self,
        document: &str,
        quantity: i64,
        unit_price: i64,
    ) -> Result<SaleKind, RowError> {
        let prefix = self.cancellation_prefix.as_deref();
        let cancels = prefix.is_some_and(|prefix| document.starts_with(prefix));
        match (quantity > 0, cancels) {
            (true, false) => Ok(SaleKind::Sale),
            (true, true) => Err(RowError::new(
                Field::Quantity,
                "positive_cancellation",
                "a cancelling line's quantity is negative",
            )),
            (false, _) if unit_price == 0 => Ok(SaleKind::Adjustment),
            (false, true) => Ok(SaleKind::Cancellation),
            (false, false) => Ok(SaleKind::Return),
        }
    }
}
