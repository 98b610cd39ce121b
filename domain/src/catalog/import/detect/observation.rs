//! Reads every row of a file for what its columns reveal about their notation.

use std::collections::BTreeMap;

use super::columns::Columns;
use super::date_order::DateEvidence;
use super::decimal_mark::MarkEvidence;
use super::discounts::DiscountEvidence;
use super::leading_zeros::{NumericCodes, ZeroEvidence};
use super::question::Example;
use super::repeated_counts::CountEvidence;
use super::rivals::RivalEvidence;
use super::row_profile::ProfileEvidence;
use super::time_of_day::TimeEvidence;
use super::typed_dates::TypedDateEvidence;
use crate::catalog::import::cells::strip_percent;
use crate::catalog::import::field::{Content, Field};
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::options::Options;
use crate::catalog::import::read::{
    CellKind, Record, Table, strip_apostrophes, strip_formula_guard, unwrap_apostrophes,
};

/// What the rows of a file reveal about the columns that the options don't decide.
#[derive(Debug, Clone)]
pub(super) struct Observations {
    pub(super) marks: BTreeMap<Field, MarkEvidence>,
    pub(super) dates: Option<DateEvidence>,
    pub(super) times: TimeEvidence,
    pub(super) typed_dates: Option<TypedDateEvidence>,
    /// Of a file of counts.
    pub(super) counts: Option<CountEvidence>,
    pub(super) codes: ZeroEvidence,
    pub(super) profile: ProfileEvidence,
    pub(super) rivals: RivalEvidence,
    /// `None` where the file has none, or the options say what they are.
    pub(super) discounts: Option<DiscountEvidence>,
    /// The values of the first row by column.
    pub(super) first_row: Vec<Example>,
}

impl Observations {
    /// Reads the table to its end.
    pub(super) fn collect(
        table: &mut dyn Table,
        columns: &Columns,
        kind: Kind,
        options: &Options,
        known: NumericCodes,
    ) -> Result<Self, FileError> {
        let mut observations = Self::new(columns, kind, options, known);
        if !table.advance()? {
            return Err(no_rows());
        }
        let first = table.record();
        observations.first_row = (0..first.len())
            .map(|index| Example::new(first.line, &first.display_field(index)))
            .collect();
        observations.observe_row(first, columns);
        while table.advance()? {
            observations.observe_row(table.record(), columns);
        }
        Ok(observations)
    }

    fn new(columns: &Columns, kind: Kind, options: &Options, known: NumericCodes) -> Self {
        let is_open = |field: &Field| {
            let is_number = matches!(field.content(), Content::Decimal | Content::Integer);
            let answer = options
                .decimal
                .as_ref()
                .and_then(|marks| marks.find(*field));
            is_number && answer.is_none() && columns.position(*field).is_some()
        };
        let asks_counts = kind == Kind::StockCounts && options.repeated_counts.is_none();
        let has_dates = columns.position(Field::Date).is_some() && options.date_format.is_none();
        let has_discounts =
            columns.position(Field::Discount).is_some() && options.discounts.is_none();
        Self {
            marks: Field::iter_all()
                .filter(is_open)
                .map(|field| (field, MarkEvidence::new()))
                .collect(),
            dates: has_dates.then(DateEvidence::new),
            times: TimeEvidence::default(),
            profile: ProfileEvidence::new(kind),
            typed_dates: options
                .typed_dates
                .is_none()
                .then(TypedDateEvidence::default),
            counts: asks_counts.then(CountEvidence::default),
            codes: ZeroEvidence::new(known, options.leading_zeros),
            rivals: RivalEvidence::new(columns, options),
            discounts: has_discounts.then(DiscountEvidence::default),
            first_row: Vec::new(),
        }
    }

    fn observe_row(&mut self, record: Record<'_>, columns: &Columns) {
        let text_of: fn(&str) -> &str = if columns.is_error_file() {
            |text| unwrap_apostrophes(strip_formula_guard(text))
        } else {
            unwrap_apostrophes
        };
        self.profile.observe(record, columns);
        self.rivals.observe(record, columns);
        let position = |field| self.rivals.position(record, columns, field);
        let text = |field| {
            let position = position(field);
            position.map_or("", |position| text_of(record.field(position)))
        };
        // A typed cell of a spreadsheet needs no notation.
        let cell = |field| match position(field) {
            Some(position) if record.kind(position) == CellKind::Text => text(field),
            _ => "",
        };
        self.codes
            .observe(record.line, strip_apostrophes(text(Field::Sku)));
        self.times.observe(text(Field::Date));
        if let Some(dates) = &mut self.dates {
            dates.observe(record.line, cell(Field::Date));
        }
        let typed_dates = self.typed_dates.as_mut().zip(position(Field::Date));
        if let Some((dates, position)) = typed_dates.filter(|_| record.is_typed()) {
            match record.kind(position) {
                CellKind::Date => dates.observe_date(record.line, record.field(position)),
                CellKind::Text => dates.observe_text(record.line, record.field(position)),
                _ => {}
            }
        }
        if let Some(counts) = &mut self.counts {
            counts.observe(record.line, text);
        }
        if let Some(discounts) = &mut self.discounts
            && text(Field::Amount).is_empty()
        {
            discounts.observe(record.line, text(Field::Discount));
        }
        for (field, evidence) in &mut self.marks {
            let number = cell(*field);
            let number = match field {
                Field::Discount => strip_percent(number).unwrap_or(number),
                _ => number,
            };
            evidence.observe(record.line, number);
        }
    }
}

pub(super) fn no_rows() -> FileError {
    FileError::new("no_rows")
}
