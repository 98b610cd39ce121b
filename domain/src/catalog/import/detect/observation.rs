//! Reads every row of a file for what its columns reveal about their notation.

use std::collections::BTreeMap;

use super::columns::Columns;
use super::date_order::DateEvidence;
use super::decimal_mark::MarkEvidence;
use super::leading_zeros::{NumericCodes, ZeroEvidence};
use super::question::Example;
use super::repeated_counts::CountEvidence;
use crate::catalog::import::field::{Content, Field};
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::options::Options;
use crate::catalog::import::read::{
    CellKind, Record, Table, strip_apostrophes, strip_formula_guard,
};

/// What the rows of a file reveal about the columns that the options don't decide.
#[derive(Debug, Clone)]
pub(super) struct Observations {
    pub(super) marks: BTreeMap<Field, MarkEvidence>,
    pub(super) dates: Option<DateEvidence>,
    /// Of a file of counts.
    pub(super) counts: Option<CountEvidence>,
    pub(super) codes: ZeroEvidence,
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
        if let Some(counts) = &observations.counts {
            counts.reject_sales(columns)?;
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
        Self {
            marks: Field::iter_all()
                .filter(is_open)
                .map(|field| (field, MarkEvidence::new()))
                .collect(),
            dates: has_dates.then(DateEvidence::new),
            counts: asks_counts.then(CountEvidence::default),
            codes: ZeroEvidence::new(known, options.leading_zeros),
            first_row: Vec::new(),
        }
    }

    fn observe_row(&mut self, record: Record<'_>, columns: &Columns) {
        let text_of: fn(&str) -> &str = if columns.is_error_file() {
            strip_formula_guard
        } else {
            |text| text
        };
        // A typed cell of a spreadsheet needs no notation.
        let cell = |field| match columns.position(field) {
            Some(position) if record.kind(position) == CellKind::Text => {
                text_of(record.field(position))
            }
            _ => "",
        };
        if let Some(position) = columns.position(Field::Sku) {
            let code = strip_apostrophes(text_of(record.field(position)));
            self.codes.observe(record.line, code);
        }
        if let Some(dates) = &mut self.dates {
            dates.observe(record.line, cell(Field::Date));
        }
        if let Some(counts) = &mut self.counts {
            counts.observe(record, columns);
        }
        for (field, evidence) in &mut self.marks {
            evidence.observe(record.line, cell(*field));
        }
    }
}

pub(super) fn no_rows() -> FileError {
    FileError::new("no_rows")
}
