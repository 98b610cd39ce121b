//! Totals among the rows of a file: they count what the rows above them count already.
//!
//! A row is a total where it says so and its figure is the sum of those above it, since the last
//! total or since the start of the file. A row that says so and whose figure is another one may
//! be a product of that name, and is rejected.

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
}

impl TotalTracker {
    pub(super) fn new(mode: TotalRows, figure: Field) -> Self {
        Self {
            mode,
            figure,
            since_total: 0,
            of_file: 0,
        }
    }

    /// Adds the figure (thousandths) of an accepted row.
    #[inline]
    pub(super) fn add_row(&mut self, thousandths: i64) {
        self.since_total += i128::from(thousandths);
        self.of_file += i128::from(thousandths);
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
        let label = match code {
            "" => (0..record.len())
                .map(|index| record.field(index))
                .find_map(read_label),
            code => read_label(code),
        };
        let Some(label) = label else {
            return Ok(RowRole::Item);
        };
        let figure = cells.read_number(record, self.figure, 3);
        let sum = figure.map(|number| i128::from(number.scaled));
        if sum.is_ok_and(|sum| sum == self.since_total || sum == self.of_file) {
            self.since_total = 0;
            return Ok(RowRole::Total);
        }
        match label {
            Label::Alone => Err(RowError::of_row("total_row")),
            Label::Longer => Ok(RowRole::Item),
        }
    }
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
