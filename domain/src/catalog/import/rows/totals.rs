//! The rows of a file, counted while it is read.

use serde::Serialize;

use crate::catalog::SaleKind;

/// How many rows a file has, by what becomes of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RowTotals {
    pub rows: u64,
    pub accepted: u64,
    pub rejected: u64,
    /// Rows of codes that the options ignore.
    pub ignored: u64,
    pub sales: u64,
    pub returns: u64,
    pub cancellations: u64,
    pub adjustments: u64,
}

impl RowTotals {
    pub(crate) fn count_sale(&mut self, kind: SaleKind) {
        self.accepted += 1;
        *match kind {
            SaleKind::Sale => &mut self.sales,
            SaleKind::Return => &mut self.returns,
            SaleKind::Cancellation => &mut self.cancellations,
            SaleKind::Adjustment => &mut self.adjustments,
        } += 1;
    }
}
