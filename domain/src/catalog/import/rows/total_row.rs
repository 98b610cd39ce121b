//! Totals among the rows of a file: they count what the rows above them count already.
//!
//! A row is a total where it says so, describes nothing else, and its figure is the sum of those
//! above it, since the last total or since the start of the file. A row that says `TOTAL` and isn't
//! one by these signs may be a product of that name, and is rejected. A longer label may begin the
//! code of a product too, as `TOTAL QUARTZ`: as a code, it makes a total of two rows or more only.

use super::cells::CellReader;
use super::row_error::RowError;
use crate::catalog::import::cells::fold_text;
use crate::catalog::import::field::Field;
use crate::catalog::import::options::TotalRows;
use crate::catalog::import::read::Record;

/// The words that alone make a label, folded.
const LABELS: [&str; 12] = [
    "total",
    "totaux",
    "totals",
    "totalgeneral",
    "totalgeneraux",
    "grandtotal",
    "soustotal",
    "soustotaux",
    "subtotal",
    "subtotals",
    "sommetotale",
    "somme",
];
/// How a longer label begins, as `Sous-total Boissons`.
const LABEL_STARTS: [&str; 3] = ["total", "soustotal", "subtotal"];
/// Longer texts are no labels.
const MAX_LABEL_BYTES: usize = 60;

/// What a row that isn't a product's is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowRole {
    Item,
    Total,
}

/// The sums of the rows read so far. Figures are what the cells hold, of whatever scale.
pub(super) struct TotalTracker {
    mode: TotalRows,
    /// The field whose sum a total shows.
    figure: Field,
    since_total: i128,
    of_file: i128,
    rows_since_total: u64,
}

impl TotalTracker {
    pub(super) fn new(mode: TotalRows, figure: Field) -> Self {
        Self {
            mode,
            figure,
            since_total: 0,
            of_file: 0,
            rows_since_total: 0,
        }
    }

    /// Adds the figure (thousandths) of an accepted row.
    #[inline]
    pub(super) fn add_row(&mut self, thousandths: i64) {
        self.since_total += i128::from(thousandths);
        self.of_file += i128::from(thousandths);
        self.rows_since_total += 1;
    }

    /// Says what a row is.
    #[inline]
    pub(super) fn classify_row(
        &mut self,
        cells: &CellReader<'_>,
        record: Record<'_>,
    ) -> Result<RowRole, RowError> {
        let code = cells.cell(record, Field::Sku);
        if self.mode == TotalRows::Keep || !may_be_label(code) {
            return Ok(RowRole::Item);
        }
        self.classify_labelled(cells, record, code)
    }

    #[cold]
    fn classify_labelled(
        &mut self,
        cells: &CellReader<'_>,
        record: Record<'_>,
        code: &str,
    ) -> Result<RowRole, RowError> {
        let found = match code {
            "" => (0..record.len())
                .map(|index| record.field(index))
                .find_map(|text| Some((read_label(text)?, text))),
            code => read_label(code).map(|label| (label, code)),
        };
        let Some((label, text)) = found else {
            return Ok(RowRole::Item);
        };
        let figure = cells.read_number(record, self.figure, 3);
        let sum = figure.map(|number| i128::from(number.scaled));
        let is_sum = sum.is_ok_and(|sum| sum == self.since_total || sum == self.of_file);
        let is_of_enough =
            matches!(label, Label::Alone) || code.is_empty() || self.rows_since_total > 1;
        if is_sum && is_of_enough && !describes_item(cells, record, text) {
            (self.since_total, self.rows_since_total) = (0, 0);
            return Ok(RowRole::Total);
        }
        match label {
            Label::Alone => Err(RowError::of_row("total_row")),
            Label::Longer => Ok(RowRole::Item),
        }
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
    let texts = described.map(|field| cells.cell(record, field));
    texts.iter().any(|text| !text.is_empty() && *text != label)
}

enum Label {
    Alone,
    Longer,
}

/// Whether a code has the first letter of a label, or is empty.
#[inline]
fn may_be_label(code: &str) -> bool {
    matches!(
        code.as_bytes().first(),
        None | Some(b't' | b'T' | b's' | b'S' | b'g' | b'G')
    )
}

fn read_label(text: &str) -> Option<Label> {
    if text.is_empty() || text.len() > MAX_LABEL_BYTES {
        return None;
    }
    let folded = fold_text(text);
    if LABELS.contains(&folded.as_str()) {
        return Some(Label::Alone);
    }
    let is_longer = LABEL_STARTS.iter().any(|start| folded.starts_with(start));
    is_longer.then_some(Label::Longer)
}
