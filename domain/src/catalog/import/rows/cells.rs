//! The cells of one file: where each field stands and how its numbers and dates are written.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::row_error::{RowError, missing_value, out_of_range};
use crate::Text;
use crate::catalog::import::cells::{
    NumberError, WrittenNumber, WrittenTime, fold_text, parse_date, parse_number,
};
use crate::catalog::import::context::{CurrencyCode, parse_currency};
use crate::catalog::import::detect::{CodeAliases, Columns, Notation, Plan};
use crate::catalog::import::field::Field;
use crate::catalog::import::options::{DateFormat, DecimalMark, Options};
use crate::catalog::import::read::{CellKind, Record, strip_formula_guard};

/// Reads the cells of a record by field.
pub(super) struct CellReader<'p> {
    positions: [usize; Field::COUNT],
    columns: Columns,
    notation: Notation,
    /// Whether the file is one of our error files, whose cells have formula guards.
    is_guarded: bool,
    meanings: Meanings<'p>,
    pub(super) aliases: Arc<CodeAliases>,
}

impl<'p> CellReader<'p> {
    pub(super) fn new(plan: &Plan, options: &'p Options) -> Self {
        Self {
            positions: plan.columns.positions(),
            columns: plan.columns.clone(),
            notation: plan.notation,
            is_guarded: plan.columns.is_error_file(),
            meanings: Meanings::new(options),
            aliases: Arc::clone(&plan.aliases),
        }
    }

    /// Returns the text of a field; "" where the row or the file has none.
    #[inline]
    pub(super) fn cell<'r>(&self, record: Record<'r>, field: Field) -> &'r str {
        let text = record.field(self.positions[field as usize]);
        if self.is_guarded {
            strip_formula_guard(text)
        } else {
            text
        }
    }

    /// Returns what the options say that the text of a field means; the text itself where they say
    /// nothing of it.
    #[inline]
    pub(super) fn mapped<'r>(&self, record: Record<'r>, field: Field) -> &'r str
    where
        'p: 'r,
    {
        let text = self.cell(record, field);
        self.meanings.find(field, text).unwrap_or(text)
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
        let text = self.cell(record, field);
        let mark = match self.kind(record, field) {
            CellKind::Number => DecimalMark::Point,
            CellKind::Text => self.notation.mark(field),
            CellKind::Date | CellKind::Bool | CellKind::Error => {
                let reason = Text::new("not_a_number_cell");
                return Err(RowError::worded(field, "not_a_number", reason));
            }
        };
        parse_number(text, mark, scale).map_err(|error| number_error(field, text, error, mark))
    }

    /// Returns an amount of money in millionths. A currency written beside it must be `currency`.
    #[inline]
    pub(super) fn read_money(
        &self,
        record: Record<'_>,
        field: Field,
        currency: CurrencyCode,
    ) -> Result<i64, RowError> {
        let number = self.read_number(record, field, 6)?;
        match number.currency {
            Some(written) if !written.may_be(currency) => {
                let code = String::from_utf8_lossy(&currency);
                Err(RowError::new(field, "other_currency").with("currency", code))
            }
            _ => Ok(number.scaled),
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

    #[inline]
    pub(super) fn read_date(&self, record: Record<'_>) -> Result<WrittenTime, RowError> {
        let text = self.cell(record, Field::Date);
        let format = match self.kind(record, Field::Date) {
            CellKind::Date => DateFormat::YearFirst,
            _ => self.notation.dates,
        };
        parse_date(text, format).ok_or_else(|| {
            if text.is_empty() {
                return missing_value(Field::Date, Text::new("missing_date"));
            }
            let format = self.notation.dates.as_str();
            RowError::new(Field::Date, "not_a_date").with("format", format)
        })
    }

    /// Rejects a row that isn't text or has more fields than the header.
    #[inline]
    pub(super) fn validate_shape(&self, record: Record<'_>) -> Result<(), RowError> {
        if let Some(fault) = record.fault() {
            return Err(RowError::of_fault(fault));
        }
        if !record.is_text() {
            return Err(RowError::of_row("invalid_encoding"));
        }
        if record.has_nul() {
            return Err(RowError::of_row("nul_byte"));
        }
        if record.is_typed() {
            self.reject_error_cells(record)?;
        }
        let (found, expected) = (record.len(), self.columns.header.len());
        if found > expected && (expected..found).any(|index| !record.field(index).is_empty()) {
            let error = RowError::of_row("too_many_fields");
            return Err(error.with("found", found).with("expected", expected));
        }
        Ok(())
    }

    /// Rejects a row with the error of a formula in a column that is read.
    fn reject_error_cells(&self, record: Record<'_>) -> Result<(), RowError> {
        let is_error = |field: &Field| self.kind(record, *field) == CellKind::Error;
        match Field::iter_all().find(is_error) {
            Some(field) => Err(RowError::new(field, "formula_error")),
            None => Ok(()),
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
