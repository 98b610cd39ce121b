//! Totals, titles and footers among the rows of a file. A total counts what the rows above it count
//! already; a title holds nothing but itself.
//!
//! A row is a total where it says so, lacks what the other rows have or describes nothing, and its
//! figure is the sum of those above it, since the last total or since the start of the file. What
//! has some of these signs may be a product too, and is rejected. A word that begins the codes of
//! products too, as `TOTAL QUARTZ`, makes a total of two rows or more only.

use super::cells::CellReader;
use super::row_error::RowError;
use crate::catalog::import::cells::{Label, may_be_label, read_label};
use crate::catalog::import::detect::RowProfile;
use crate::catalog::import::field::Field;
use crate::catalog::import::options::TotalRows;
use crate::catalog::import::read::Record;

/// What a row that isn't a product's is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowRole {
    Item,
    Total,
}

/// The sums of the rows read so far. Figures are what the cells hold, of whatever scale.
pub(super) struct TotalTracker {
    mode: TotalRows,
    profile: RowProfile,
    /// The field whose sum a total shows.
    figure: Field,
    since_total: i128,
    of_file: i128,
    rows_since_total: u64,
    /// Every accepted row has the profile's sign.
    are_rows_alike: bool,
    lacks_sign: bool,
}

impl TotalTracker {
    pub(super) fn new(mode: TotalRows, profile: RowProfile, figure: Field) -> Self {
        Self {
            mode,
            profile,
            figure,
            since_total: 0,
            of_file: 0,
            rows_since_total: 0,
            are_rows_alike: true,
            lacks_sign: false,
        }
    }

    /// Adds the figure (thousandths) of the row that was classified last and is accepted.
    #[inline]
    pub(super) fn add_row(&mut self, thousandths: i64) {
        self.since_total += i128::from(thousandths);
        self.of_file += i128::from(thousandths);
        self.rows_since_total += 1;
        self.are_rows_alike &= !self.lacks_sign;
    }

    /// Says what a row is.
    #[inline]
    pub(super) fn classify_row(
        &mut self,
        cells: &CellReader<'_>,
        record: Record<'_>,
    ) -> Result<RowRole, RowError> {
        if self.mode == TotalRows::Keep {
            return Ok(RowRole::Item);
        }
        let code = cells.cell(record, Field::Sku);
        let sign = self.profile.sign;
        self.lacks_sign = sign.is_some_and(|field| cells.cell(record, field).is_empty());
        if !self.lacks_sign && sign.is_some() && !may_be_label(code) {
            return Ok(RowRole::Item);
        }
        self.classify_doubtful(cells, record, code)
    }

    #[cold]
    fn classify_doubtful(
        &mut self,
        cells: &CellReader<'_>,
        record: Record<'_>,
        code: &str,
    ) -> Result<RowRole, RowError> {
        let found = find_label(record, code);
        let (label, text) = found.unwrap_or((Label::None, code));
        let is_sign_label = |field| cells.cell(record, field) == text && text != code;
        let lacks_sign = self.lacks_sign || self.profile.sign.is_some_and(is_sign_label);
        let figure = cells.read_number(record, self.figure, 3);
        let sum = figure.map(|number| i128::from(number.scaled));
        let is_sum = sum.is_ok_and(|sum| sum == self.since_total || sum == self.of_file);
        let is_of_enough = label == Label::Total || code.is_empty() || self.rows_since_total > 1;
        let is_total = is_sum && is_of_enough;
        let is_labelled = label != Label::None;
        if is_total && is_labelled && (lacks_sign || !describes_item(cells, record, text)) {
            (self.since_total, self.rows_since_total) = (0, 0);
            return Ok(RowRole::Total);
        }
        let is_doubtful = match label {
            Label::Total => true,
            Label::Longer | Label::Word => {
                lacks_sign || (is_total && !has_name_or_price(cells, record, text))
            }
            // Such a figure is no chance where every other row has what this one lacks.
            Label::None => lacks_sign && is_sum && self.rows_since_total > 1 && self.are_rows_alike,
        };
        if is_doubtful {
            return Err(RowError::of_row("total_row"));
        }
        Ok(RowRole::Item)
    }
}

/// Rejects a row of products that is a total, a title or a footer.
#[inline]
pub(super) fn reject_title(
    cells: &CellReader<'_>,
    record: Record<'_>,
    mode: TotalRows,
    profile: RowProfile,
) -> Result<(), RowError> {
    if mode == TotalRows::Keep {
        return Ok(());
    }
    let lacks_sign = profile
        .sign
        .is_none_or(|field| cells.cell(record, field).is_empty());
    if !lacks_sign {
        return Ok(());
    }
    if profile.lone_cell_is_title && cells.has_one_cell(record) {
        return Err(RowError::of_row("title_row"));
    }
    let label = read_label(cells.cell(record, Field::Sku));
    let is_total = match label {
        Some(Label::Total) => true,
        Some(Label::Longer | Label::Word) => profile.sign.is_some(),
        Some(Label::None) | None => false,
    };
    if is_total {
        return Err(RowError::of_row("total_row"));
    }
    Ok(())
}

/// Returns the label of a row in its code, or anywhere where it has no code.
fn find_label<'r>(record: Record<'r>, code: &'r str) -> Option<(Label, &'r str)> {
    match code {
        "" => (0..record.len())
            .map(|index| record.field(index))
            .find_map(|text| Some((read_label(text)?, text))),
        code => read_label(code).map(|label| (label, code)),
    }
}

/// Whether a row has what a total lacks, beside its label.
fn describes_item(cells: &CellReader<'_>, record: Record<'_>, label: &str) -> bool {
    let described = [
        Field::Name,
        Field::Date,
        Field::Document,
        Field::Customer,
        Field::Site,
    ];
    has_one_of(&described, cells, record, label)
}

fn has_name_or_price(cells: &CellReader<'_>, record: Record<'_>, label: &str) -> bool {
    has_one_of(&[Field::Name, Field::UnitPrice], cells, record, label)
}

fn has_one_of(fields: &[Field], cells: &CellReader<'_>, record: Record<'_>, label: &str) -> bool {
    let mut texts = fields.iter().map(|field| cells.cell(record, *field));
    texts.any(|text| !text.is_empty() && text != label)
}
