//! Rows that are rejected before any of their cells is read.

use super::cells::CellReader;
use super::row_error::RowError;
use crate::Text;
use crate::catalog::import::cells::is_formula_error;
use crate::catalog::import::field::Field;
use crate::catalog::import::read::{CellKind, Record};

impl CellReader<'_> {
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
        if record.may_hold_errors() {
            self.reject_error_cells(record)?;
            self.reject_merged_cells(record)?;
        }
        let (found, expected) = (record.len(), self.columns.header.len());
        if found > expected && (expected..found).any(|index| !record.field(index).is_empty()) {
            let error = RowError::of_row("too_many_fields");
            return Err(error.with("found", found).with("expected", expected));
        }
        Ok(())
    }

    /// Rejects a row with an empty cell that belongs to a merged one of a row above.
    fn reject_merged_cells(&self, record: Record<'_>) -> Result<(), RowError> {
        for (field, lines) in &self.merged {
            let index = lines.partition_point(|[first, _]| *first <= record.line);
            let range = index.checked_sub(1).map(|index| lines[index]);
            let is_merged = range.is_some_and(|[_, last]| record.line <= last);
            if is_merged && self.cell(record, *field).is_empty() {
                return Err(RowError::new(*field, "merged_cell"));
            }
        }
        Ok(())
    }

    /// Rejects a row with the error of a formula, or a formula without a result, in a column that
    /// is read.
    fn reject_error_cells(&self, record: Record<'_>) -> Result<(), RowError> {
        for field in Field::iter_all() {
            let reason = match self.kind(record, field) {
                CellKind::Error => Text::new("formula_error"),
                CellKind::Uncomputed => Text::new("formula_uncomputed"),
                CellKind::Text if is_formula_error(self.cell(record, field)) => {
                    Text::new("formula_error")
                }
                _ => continue,
            };
            return Err(RowError::worded(field, "formula_error", reason));
        }
        Ok(())
    }
}
