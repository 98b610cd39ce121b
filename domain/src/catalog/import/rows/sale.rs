//! One row of a sales file. Nothing is allocated for a valid row.

use super::cells::CellReader;
use super::codes::RowKeys;
use super::identity::{SaleIdentity, SalePlace};
use super::ignored_codes::IgnoredCodes;
use super::occurrence::{
    OCCURRENCE_COLUMN, Occurrence, Origin, find_occurrence, parse_occurrence, parse_origin,
};
use super::row_error::{RowError, RowErrors};
use super::row_warning::{RowWarning, warn_of_garbled, warn_of_rounded};
use super::sale_money::{SaleFigures, check_figures, read_figures};
use super::sale_status::parse_status;
use super::total_row::{RowRole, TotalTracker};
use crate::catalog::import::cells::{Moment, Money, ZoneClock, cut_text, trim_fraction};
use crate::catalog::import::context::{Context, CurrencyCode};
use crate::catalog::import::detect::Plan;
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::lifecycle::WarningCode;
use crate::catalog::import::options::{DocumentNumbers, ImplausibleValues, Options, SameDay};
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
    /// Of such a row, where it was rejected.
    pub(crate) corrects: Option<Origin>,
    /// Only day and figures identify the line.
    pub(crate) by_day: bool,
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

/// The texts that may identify a line.
#[derive(Clone, Copy)]
struct SaleNames<'r> {
    document: &'r str,
    external_id: &'r str,
    customer: &'r str,
    site: &'r str,
}

#[derive(Clone, Copy)]
struct SaleTime {
    moment: Moment,
    /// A time of day is written.
    has_time: bool,
}

impl SaleTime {
    const UNKNOWN: Self = Self {
        moment: Moment { at: 0, day: 0 },
        has_time: false,
    };
}

/// Reads records as sale lines.
pub(crate) struct SaleReader<'p> {
    pub(super) cells: CellReader<'p>,
    /// Position of the occurrence's column in an error file.
    occurrence: Option<usize>,
    clock: ZoneClock,
    currency: CurrencyCode,
    /// Microseconds since 1970.
    latest: i64,
    /// Days since 1970.
    today: i32,
    negative_prices: ImplausibleValues,
    future_dates: ImplausibleValues,
    documents: DocumentNumbers,
    same_day: Option<SameDay>,
    cancellation_prefix: Option<&'p str>,
    ignored: IgnoredCodes,
    totals: TotalTracker,
    /// About the current row.
    pub(crate) warnings: Vec<RowWarning>,
}

impl<'p> SaleReader<'p> {
    pub(super) fn new(
        plan: &Plan,
        options: &'p Options,
        context: &Context,
    ) -> Result<Self, FileError> {
        let mut header = plan.columns.header.iter();
        let mut clock = ZoneClock::new(context.file_zone(options)?, context.zone);
        let now = context.now.timestamp_micros();
        Ok(Self {
            today: clock.day_of(now),
            latest: now + FUTURE_TOLERANCE_MICROS,
            occurrence: header.position(|title| title.trim() == OCCURRENCE_COLUMN),
            cells: CellReader::new(plan, options),
            clock,
            currency: context.file_currency(options)?,
            negative_prices: options.negative_prices,
            future_dates: options.future_dates,
            documents: options.documents,
            same_day: options.same_day,
            cancellation_prefix: options.cancellation_prefix.as_deref(),
            ignored: IgnoredCodes::new(&options.ignore_codes),
            totals: TotalTracker::new(options.total_rows, plan.profile, Field::Quantity),
            warnings: Vec::new(),
        })
    }

    /// Returns the sale line of a row, and leaves its keys in `keys`; `None` where its code is
    /// ignored, and for a total.
    pub(crate) fn read_line<'r>(
        &mut self,
        record: Record<'r>,
        keys: &mut RowKeys,
    ) -> Result<Option<SaleLine<'r>>, RowError>
    where
        'p: 'r,
    {
        self.warnings.clear();
        if self.totals.classify_row(&self.cells, record)? == RowRole::Total {
            self.warn(Field::Quantity, WarningCode::TotalRows);
            return Ok(None);
        }
        let sku = self.cells.require_sku(record, keys)?;
        if self.ignored.contains(&keys.sku) {
            return Ok(None);
        }
        let names = self.read_names(record, keys)?;
        let figures = self.read_plausible_figures(record)?;
        let sold = self.read_time(record)?;
        self.validate_time(sold)?;
        let kind = self.classify_line(names.document, figures)?;
        let identity = self.identify(keys, &names, sold, || Ok(figures))?;
        let key = identity.key();
        let by_day = identity.is_by_day();
        let place = self.read_place(record);
        let number = place.map(|cell| parse_occurrence(cell, key));
        let lost_occurrence = number == Some(None) && names.external_id.is_empty();
        let status = parse_status(self.cells.mapped(record, Field::Status))?;
        self.totals.add_row(figures.quantity);
        let texts = [Field::Sku, Field::Name, Field::CustomerName, Field::Site];
        warn_of_garbled(&self.cells, record, &texts, &mut self.warnings);
        let figures_read = [(Field::Quantity, 3), (Field::UnitPrice, 6)];
        warn_of_rounded(&self.cells, record, &figures_read, &mut self.warnings);
        self.cells
            .warn_of_damaged(record, (sku, keys), &mut self.warnings);
        if figures.amount_differs {
            self.warn(figures.money_field, WarningCode::DifferingAmounts);
        }
        Ok(Some(SaleLine {
            line: record.line,
            key: key.of_occurrence(number.flatten().unwrap_or(1)),
            lost_occurrence,
            corrects: place.filter(|_| lost_occurrence).and_then(parse_origin),
            by_day,
            sku,
            name: cut_text(self.cells.cell(record, Field::Name), 500),
            document: names.document,
            external_id: names.external_id,
            customer: names.customer,
            customer_name: cut_text(self.cells.cell(record, Field::CustomerName), 200),
            country: cut_text(self.cells.cell(record, Field::Country), 100),
            site: names.site,
            status,
            kind,
            quantity: figures.quantity,
            money: figures.money,
            moment: sold.moment,
        }))
    }

    /// Adds whatever else is wrong with a rejected row.
    pub(super) fn find_errors(&mut self, record: Record<'_>, errors: &mut RowErrors) {
        let cells = &self.cells;
        let mut keys = RowKeys::default();
        errors.check(cells.require_sku(record, &mut keys));
        errors.check(cells.read_text(record, Field::ExternalId, MAX_REFERENCE_CHARS));
        errors.check(self.read_reference(record, Field::Document));
        errors.check(self.read_reference(record, Field::Customer));
        errors.check(cells.read_site(record, &mut keys));
        errors.check(cells.read_number(record, Field::Quantity, 3));
        check_figures(cells, record, self.currency, errors);
        errors.check(parse_status(cells.mapped(record, Field::Status)));
        let figures = self.read_plausible_figures(record);
        errors.check(figures);
        let sold = self.read_time(record);
        errors.check(sold.and_then(|sold| self.validate_time(sold)));
        errors.check(self.cells.read_time(record));
    }

    fn warn(&mut self, field: Field, code: WarningCode) {
        self.warnings.push(RowWarning::new(field, code));
    }

    /// Reads the texts that may identify a line.
    #[inline]
    fn read_names<'r>(
        &self,
        record: Record<'r>,
        keys: &mut RowKeys,
    ) -> Result<SaleNames<'r>, RowError>
    where
        'p: 'r,
    {
        Ok(SaleNames {
            document: self.read_reference(record, Field::Document)?,
            external_id: self.read_external_id(record)?,
            customer: self.read_reference(record, Field::Customer)?,
            site: self.cells.read_site(record, keys)?,
        })
    }

    /// Returns the identity of a line without its occurrence. The figures are read where they
    /// belong to it.
    #[inline]
    fn identify<'k>(
        &self,
        keys: &'k RowKeys,
        names: &SaleNames<'k>,
        sold: SaleTime,
        read_figures: impl FnOnce() -> Result<SaleFigures, RowError>,
    ) -> Result<SaleIdentity<'k>, RowError> {
        let sku_key = &keys.sku;
        let place = SalePlace {
            site_key: &keys.site,
            day: sold.moment.day,
        };
        Ok(if !names.external_id.is_empty() {
            SaleIdentity::External(names.external_id)
        } else if !names.document.is_empty() {
            SaleIdentity::Document {
                place: (self.documents == DocumentNumbers::MayRepeat).then_some(place),
                document: names.document,
                sku_key,
            }
        } else {
            let figures = read_figures()?;
            SaleIdentity::Facts {
                place,
                at: sold.has_time.then_some(sold.moment.at),
                sku_key,
                customer: names.customer,
                quantity: figures.quantity,
                unit_price: figures.money.unit_price,
            }
        })
    }

    /// Returns the cell of a row of an error file that says which line of its identity it is.
    fn read_place<'r>(&self, record: Record<'r>) -> Option<&'r str> {
        self.occurrence.map(|position| record.field(position))
    }

    /// Returns where the row was rejected first, if it comes from an error file.
    pub(crate) fn read_origin(&self, record: Record<'_>) -> Option<Origin> {
        self.read_place(record).and_then(parse_origin)
    }

    /// Returns the occurrence of a rejected row among the lines of its identity. Returns `None` for
    /// an invalid identity, for the caller's own id, which needs no occurrence, and for a line that
    /// shall be a further one, whose place is found once it is corrected.
    pub(crate) fn find_rejected_occurrence(
        &mut self,
        record: Record<'_>,
        keys: &mut RowKeys,
    ) -> Option<Occurrence> {
        let identity = self.read_identity(record, keys).transpose()?;
        find_occurrence(identity, self.read_place(record))
    }

    fn read_identity(
        &mut self,
        record: Record<'_>,
        keys: &mut RowKeys,
    ) -> Result<Option<FactKey>, RowError> {
        self.cells.require_sku(record, keys)?;
        let names = self.read_names(record, keys)?;
        if !names.external_id.is_empty() {
            return Ok(None);
        }
        let needs_day = names.document.is_empty() || self.documents == DocumentNumbers::MayRepeat;
        let sold = if needs_day {
            self.read_time(record)?
        } else {
            SaleTime::UNKNOWN
        };
        let figures = || read_figures(&self.cells, record, self.currency);
        let identity = self.identify(keys, &names, sold, figures)?;
        let is_further = identity.is_by_day() && self.same_day == Some(SameDay::Add);
        Ok((!is_further).then(|| identity.key()))
    }

    #[inline]
    fn read_time(&mut self, record: Record<'_>) -> Result<SaleTime, RowError> {
        let written = self.cells.read_date(record)?;
        Ok(SaleTime {
            moment: self.clock.convert_time(written),
            has_time: written.time.is_some(),
        })
    }

    #[inline]
    fn read_reference<'r>(&self, record: Record<'r>, field: Field) -> Result<&'r str, RowError> {
        let text = self.cells.read_code(record, field, MAX_REFERENCE_CHARS)?;
        Ok(trim_fraction(text))
    }

    #[inline]
    fn read_external_id<'r>(&self, record: Record<'r>) -> Result<&'r str, RowError> {
        self.cells
            .read_code(record, Field::ExternalId, MAX_REFERENCE_CHARS)
    }

    #[inline]
    fn read_plausible_figures(&mut self, record: Record<'_>) -> Result<SaleFigures, RowError> {
        let figures = read_figures(&self.cells, record, self.currency)?;
        if figures.money.unit_price < 0 {
            if self.negative_prices == ImplausibleValues::Reject {
                return Err(RowError::new(figures.money_field, "negative_price"));
            }
            self.warn(figures.money_field, WarningCode::NegativePrices);
        }
        Ok(figures)
    }

    #[inline]
    fn validate_time(&mut self, sold: SaleTime) -> Result<(), RowError> {
        let is_future = sold.moment.at > self.latest;
        if is_future && self.future_dates == ImplausibleValues::Reject {
            return Err(RowError::new(Field::Date, "future_date"));
        }
        if is_future || (!sold.has_time && sold.moment.day > self.today) {
            self.warn(Field::Date, WarningCode::FutureDates);
        }
        Ok(())
    }

    #[inline]
    fn classify_line(&self, document: &str, figures: SaleFigures) -> Result<SaleKind, RowError> {
        let prefix = self.cancellation_prefix;
        let cancels = prefix.is_some_and(|prefix| document.starts_with(prefix));
        match (figures.quantity > 0, cancels) {
            (true, false) => Ok(SaleKind::Sale),
            (true, true) => Err(RowError::new(Field::Quantity, "positive_cancellation")),
            (false, _) if figures.money.unit_price == 0 => Ok(SaleKind::Adjustment),
            (false, true) => Ok(SaleKind::Cancellation),
            (false, false) => Ok(SaleKind::Return),
        }
    }
}
