//! The cells of one file: where each field stands and how its numbers and dates are written.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::row_error::{RowError, missing_value, out_of_range};
use crate::Text;
use crate::catalog::import::cells::{
    NumberError, Precision, WrittenNumber, WrittenTime, contradicts_weekday, fold_text,
    is_placeholder, parse_date, parse_number, parse_swapped_date, parse_time, strip_percent,
};
use crate::catalog::import::context::{CurrencyCode, parse_currency};
use crate::catalog::import::detect::{CodeAliases, Columns, Notation, Plan};
use crate::catalog::import::field::{Content, Field};
use crate::catalog::import::options::{DateFormat, DecimalMark, DiscountUnit, Options, TypedDates};
use crate::catalog::import::read::{CellKind, Record, strip_formula_guard, unwrap_apostrophes};
use crate::catalog::import::written_currency::WrittenCurrency;

/// 2000-01-01, in days since 1970. The year of an earlier day is a slip.
const FIRST_DAY: i32 = 10_957;

/// What is taken off a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Discount {
    /// Millionths.
    Amount(i64),
    /// Millionths of a percent, up to a hundred.
    Percent(i64),
}

/// A hundred percent, in millionths of a percent.
const WHOLE: i64 = 100_000_000;

/// Reads the cells of a record by field.
pub(super) struct CellReader<'p> {
    positions: [usize; Field::COUNT],
    pub(super) columns: Columns,
    notation: Notation,
    /// By field: the currency that the header names.
    currencies: [Option<WrittenCurrency>; Field::COUNT],
    discounts: DiscountUnit,
    /// Whether the file is one of our error files, whose cells have formula guards.
    is_guarded: bool,
    meanings: Meanings<'p>,
    pub(super) aliases: Arc<CodeAliases>,
    /// The fields whose cells look empty on some lines, because they are merged with one above.
    pub(super) merged: Vec<(Field, Vec<[u64; 2]>)>,
}

impl<'p> CellReader<'p> {
    pub(super) fn new(plan: &Plan, options: &'p Options) -> Self {
        let columns = &plan.columns;
        let mut currencies = [None; Field::COUNT];
        for field in Field::iter_all() {
            currencies[field as usize] = columns.currency(field);
        }
        let by_header = DiscountUnit::of_header(columns.is_percent(Field::Discount));
        Self {
            positions: columns.positions(),
            columns: columns.clone(),
            currencies,
            discounts: options.discounts.unwrap_or(by_header),
            notation: plan.notation,
            is_guarded: plan.columns.is_error_file(),
            meanings: Meanings::new(options),
            aliases: Arc::clone(&plan.aliases),
            merged: Field::iter_all()
                .filter_map(|field| Some((field, plan.columns.position(field)?)))
                .map(|(field, position)| (field, plan.merged.lines_of(position)))
                .filter(|(_, lines)| !lines.is_empty())
                .collect(),
        }
    }

    /// Returns the text of a field; "" where the row or the file has none, or where a program says
    /// so by a word.
    #[inline]
    pub(super) fn cell<'r>(&self, record: Record<'r>, field: Field) -> &'r str {
        let text = self.written(record, field);
        if field.content() == Content::Text && is_placeholder(text) {
            return "";
        }
        text
    }

    #[inline]
    fn written<'r>(&self, record: Record<'r>, field: Field) -> &'r str {
        let text = record.field(self.positions[field as usize]);
        if self.is_guarded {
            unwrap_apostrophes(strip_formula_guard(text))
        } else {
            unwrap_apostrophes(text)
        }
    }

    /// Whether one cell holds the whole row.
    #[inline]
    pub(super) fn has_one_cell(&self, record: Record<'_>) -> bool {
        self.columns.has_one_cell(record)
    }

    /// Returns what the options say that the text of a field means; the text itself where they say
    /// nothing of it.
    #[inline]
    pub(super) fn mapped<'r>(&self, record: Record<'r>, field: Field) -> &'r str
    where
        'p: 'r,
    {
        let meaning = self.meanings.find(field, self.written(record, field));
        meaning.unwrap_or_else(|| self.cell(record, field))
    }

    /// Returns what the cell of a field holds.
    #[inline]
    pub(super) fn kind(&self, record: Record<'_>, field: Field) -> CellKind {
        record.kind(self.positions[field as usize])
    }

    /// Returns the text of a field, which its column in the catalog must be able to hold.
    #[inline]
    pub(super) fn read_text<'r>(
        &self,
        record: Record<'r>,
        field: Field,
        max_chars: usize,
    ) -> Result<&'r str, RowError> {
        limit_text(self.cell(record, field), field, max_chars)
    }

    /// Returns what the text of a field means, as [`CellReader::read_text`].
    #[inline]
    pub(super) fn read_meaning<'r>(
        &self,
        record: Record<'r>,
        field: Field,
        max_chars: usize,
    ) -> Result<&'r str, RowError>
    where
        'p: 'r,
    {
        limit_text(self.mapped(record, field), field, max_chars)
    }

    /// Rejects a row that is the header again.
    #[inline]
    pub(super) fn reject_repeated_header(&self, record: Record<'_>) -> Result<(), RowError> {
        if Some(self.cell(record, Field::Sku)) == self.columns.title(Field::Sku)
            && self.columns.is_header(record)
        {
            return Err(RowError::of_row("repeated_header"));
        }
        Ok(())
    }

    /// Returns a number as a multiple of ten to the minus `scale`.
    #[inline]
    pub(super) fn read_number(
        &self,
        record: Record<'_>,
        field: Field,
        scale: u32,
    ) -> Result<WrittenNumber, RowError> {
        self.parse_text(self.cell(record, field), record, field, scale)
    }

    /// Parses a text that stands in the cell of a field.
    #[inline]
    fn parse_text(
        &self,
        text: &str,
        record: Record<'_>,
        field: Field,
        scale: u32,
    ) -> Result<WrittenNumber, RowError> {
        let mark = match self.kind(record, field) {
            CellKind::Number => DecimalMark::Point,
            CellKind::Text => self.notation.mark(field),
            _ => {
                let reason = Text::new("not_a_number_cell");
                return Err(RowError::worded(field, "not_a_number", reason));
            }
        };
        let number = parse_number(text, mark, scale)
            .map_err(|error| number_error(field, text, error, mark))?;
        if number.precision == Precision::TooFine && !is_rounded_to_currency(field) {
            return Err(RowError::new(field, "too_many_decimals").with("most", scale));
        }
        Ok(number)
    }

    /// Returns an amount of money in millionths. A currency that stands beside it or in the header
    /// must be `currency`.
    #[inline]
    pub(super) fn read_money(
        &self,
        record: Record<'_>,
        field: Field,
        currency: CurrencyCode,
    ) -> Result<i64, RowError> {
        let number = self.read_number(record, field, 6)?;
        let named = [number.currency, self.currencies[field as usize]];
        if named
            .iter()
            .flatten()
            .all(|written| written.may_be(currency))
        {
            return Ok(number.scaled);
        }
        let code = String::from_utf8_lossy(&currency);
        Err(RowError::new(field, "other_currency").with("currency", code))
    }

    /// Returns what is taken off a line; `None` where the cell is empty.
    pub(super) fn read_discount(
        &self,
        record: Record<'_>,
        currency: CurrencyCode,
    ) -> Result<Option<Discount>, RowError> {
        let field = Field::Discount;
        let text = self.cell(record, field);
        if text.is_empty() {
            return Ok(None);
        }
        let percentage = strip_percent(text);
        if percentage.is_none() && self.discounts == DiscountUnit::Amount {
            let amount = self.read_money(record, field, currency)?;
            return Ok(Some(Discount::Amount(amount)));
        }
        let number = self.parse_text(percentage.unwrap_or(text), record, field, 6)?;
        let is_fraction = percentage.is_none() && self.discounts == DiscountUnit::Fraction;
        let percent = number.scaled.checked_mul(if is_fraction { 100 } else { 1 });
        match percent {
            Some(percent @ 0..=WHOLE) if number.currency.is_none() => {
                Ok(Some(Discount::Percent(percent)))
            }
            _ => Err(out_of_range(field, Text::new("discount_not_a_share"))),
        }
    }

    /// Returns the currency of the row; `default` where it names none.
    #[inline]
    pub(super) fn read_currency(
        &self,
        record: Record<'_>,
        default: CurrencyCode,
    ) -> Result<CurrencyCode, RowError> {
        let code = match self.cell(record, Field::Currency) {
            "" => return Ok(default),
            "FCFA" | "F CFA" | "CFA" => "XOF",
            code => code,
        };
        parse_currency(code).ok_or_else(|| RowError::new(Field::Currency, "unknown_currency"))
    }

    /// Returns the day of a row with its time, which may stand in another column. That column
    /// counts where the day has no time, or midnight.
    #[inline]
    pub(super) fn read_date(&self, record: Record<'_>) -> Result<WrittenTime, RowError> {
        let written = self.read_day(record)?;
        let Some((time, offset)) = self.read_time(record)? else {
            return Ok(written);
        };
        if written.offset.is_some() || written.time.is_some_and(|time| time != 0) {
            return Ok(written);
        }
        Ok(WrittenTime {
            time: Some(time),
            offset,
            ..written
        })
    }

    #[inline]
    fn read_day(&self, record: Record<'_>) -> Result<WrittenTime, RowError> {
        let text = self.cell(record, Field::Date);
        let written = match (self.kind(record, Field::Date), self.notation.typed_dates) {
            (CellKind::Date, TypedDates::Swapped) => parse_swapped_date(text),
            (CellKind::Date, TypedDates::AsShown) => parse_date(text, DateFormat::YearFirst),
            _ => parse_date(text, self.notation.dates),
        };
        let Some(mut written) = written else {
            return Err(date_error(text, self.notation.dates));
        };
        if written.day < FIRST_DAY {
            return Err(RowError::new(Field::Date, "too_old"));
        }
        if self.notation.has_days_only {
            written.time = None;
        }
        Ok(written)
    }

    /// Returns the microseconds since midnight of the column of times, with the seconds east of UTC
    /// where they are written; `None` where the row has none.
    #[inline]
    pub(super) fn read_time(
        &self,
        record: Record<'_>,
    ) -> Result<Option<(i64, Option<i32>)>, RowError> {
        match (
            self.cell(record, Field::Time),
            self.kind(record, Field::Time),
        ) {
            // A spreadsheet stores midnight as nothing of a day.
            ("", CellKind::Date) => Ok(Some((0, None))),
            ("", _) => Ok(None),
            (text, _) => match parse_time(text) {
                None => Err(RowError::new(Field::Time, "not_a_time")),
                time => Ok(time),
            },
        }
    }
}

#[inline]
fn limit_text(text: &str, field: Field, max_chars: usize) -> Result<&str, RowError> {
    if text.len() > max_chars && text.chars().count() > max_chars {
        return Err(RowError::new(field, "too_long").with("most", max_chars));
    }
    Ok(text)
}

/// `options.values` by field and folded text.
struct Meanings<'p>(Vec<(Field, HashMap<String, &'p str>)>);

impl<'p> Meanings<'p> {
    fn new(options: &'p Options) -> Self {
        let fold_all = |(field, meanings): (&Field, &'p BTreeMap<String, String>)| {
            let folded = meanings
                .iter()
                .map(|(text, m)| (fold_text(text), m.as_str()));
            (*field, folded.collect())
        };
        Self(options.values.iter().map(fold_all).collect())
    }

    fn find(&self, field: Field, text: &str) -> Option<&'p str> {
        let (_, meanings) = self.0.iter().find(|(known, _)| *known == field)?;
        meanings.get(&fold_text(text)).copied()
    }
}

/// Whether the figure is money that is paid, whose further decimals nobody pays.
fn is_rounded_to_currency(field: Field) -> bool {
    matches!(field, Field::Amount | Field::Discount)
}

#[cold]
fn date_error(text: &str, format: DateFormat) -> RowError {
    if text.is_empty() {
        return missing_value(Field::Date, Text::new("missing_date"));
    }
    if contradicts_weekday(text) {
        let reason = Text::new("contradictory_weekday");
        return RowError::worded(Field::Date, "not_a_date", reason);
    }
    RowError::new(Field::Date, "not_a_date").with("format", format.as_str())
}

#[cold]
fn number_error(field: Field, text: &str, error: NumberError, mark: DecimalMark) -> RowError {
    match error {
        NumberError::NotANumber if text.is_empty() => {
            missing_value(field, Text::new("missing_number"))
        }
        NumberError::NotANumber => {
            let mark = match mark {
                DecimalMark::Point => "point",
                DecimalMark::Comma => "comma",
            };
            RowError::new(field, "not_a_number").with("mark", mark)
        }
        NumberError::OutOfRange => out_of_range(field, Text::new("number_too_large")),
    }
}
