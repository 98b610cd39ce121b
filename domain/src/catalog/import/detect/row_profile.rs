//! What nearly all rows of a file hold: a row that lacks it may be a total, a title or a footer.

use super::columns::Columns;
use crate::catalog::import::cells::read_label;
use crate::catalog::import::field::Field;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::read::Record;

/// Further rows reveal nothing new.
const MAX_ROWS: u64 = 10_000;

/// What a total lacks, the best sign first.
const SIGNS_OF_SALES: [Field; 4] = [Field::UnitPrice, Field::Name, Field::Document, Field::Date];
const SIGNS_OF_COUNTS: [Field; 3] = [Field::Name, Field::Site, Field::Date];
const SIGNS_OF_PRODUCTS: [Field; 5] = [
    Field::Name,
    Field::SalePrice,
    Field::PurchasePrice,
    Field::Category,
    Field::Supplier,
];

/// What the rows of a file hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowProfile {
    /// A field that most rows have; `None` where no such field distinguishes a row from a total.
    pub(crate) sign: Option<Field>,
    /// A row with nothing but its code is a title or a footer.
    pub(crate) lone_cell_is_title: bool,
}

/// Counts the rows of a file by what they hold.
#[derive(Debug, Clone)]
pub(super) struct ProfileEvidence {
    signs: &'static [Field],
    rows: u64,
    rows_of_one_cell: u64,
    /// Rows that have the field of `signs` at this place.
    filled: [u64; SIGNS_OF_PRODUCTS.len()],
}

impl ProfileEvidence {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            signs: match kind {
                Kind::Sales => &SIGNS_OF_SALES,
                Kind::StockCounts => &SIGNS_OF_COUNTS,
                Kind::Products => &SIGNS_OF_PRODUCTS,
            },
            rows: 0,
            rows_of_one_cell: 0,
            filled: [0; SIGNS_OF_PRODUCTS.len()],
        }
    }

    pub(super) fn observe(&mut self, record: Record<'_>, columns: &Columns) {
        if self.rows + self.rows_of_one_cell == MAX_ROWS {
            return;
        }
        let code = columns.position(Field::Sku).map(|at| record.field(at));
        if code.is_none_or(|code| code.is_empty() || read_label(code).is_some()) {
            return;
        }
        if columns.has_one_cell(record) {
            self.rows_of_one_cell += 1;
            return;
        }
        self.rows += 1;
        for (filled, field) in self.filled.iter_mut().zip(self.signs) {
            let cell = columns.position(*field).map(|at| record.field(at));
            *filled += u64::from(cell.is_some_and(|text| !text.is_empty()));
        }
    }

    /// Concludes from the rows. The rows of an error file are those that were rejected, and reveal
    /// nothing: they are judged by the columns of the imported file.
    pub(super) fn conclude(&self, columns: &Columns) -> RowProfile {
        let is_part = columns.is_error_file();
        let is_usual = |(filled, field): &(&u64, &Field)| {
            columns.position(**field).is_some() && (is_part || **filled * 2 >= self.rows)
        };
        let mut signs = self.filled.iter().zip(self.signs);
        let sign = signs.find(is_usual).map(|(_, field)| *field);
        RowProfile {
            sign,
            lone_cell_is_title: is_part || self.rows_of_one_cell <= self.rows,
        }
    }
}
