//! What the company's plan leaves for the rows of a file.

use chrono::NaiveDate;

use super::file_error::FileError;
use crate::Text;
use crate::billing::Limits;

/// Whether the staged rows of an import may be merged.
#[derive(Debug)]
pub enum Admission {
    Admitted,
    /// Another import of the company takes what is left, and may end without it. The transaction
    /// may be aborted.
    Waits,
    Refused(FileError),
}

/// What the rows of a file need of the plan, beside what the company has used of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PlanDemand {
    /// Products that aren't archived.
    pub(super) products_held: i64,
    /// Products that other imports were admitted to create, and haven't.
    pub(super) products_pending: i64,
    /// Products that the file creates.
    pub(super) products_added: i64,
    /// Rows that imports admitted this month have added.
    pub(super) rows_used: i64,
    /// Rows that imports admitted this month may add yet.
    pub(super) rows_pending: i64,
    /// Rows that the file adds.
    pub(super) rows_added: i64,
    pub(super) next_month: NaiveDate,
}

impl PlanDemand {
    pub(super) fn admit(&self, limits: &Limits) -> Admission {
        if let Some(excess) = self.find_excess(limits) {
            return Admission::Refused(excess);
        }
        let with_pending = Self {
            products_held: self.products_held + self.products_pending,
            rows_used: self.rows_used + self.rows_pending,
            ..*self
        };
        match with_pending.find_excess(limits) {
            Some(_) => Admission::Waits,
            None => Admission::Admitted,
        }
    }

    /// Returns what the plan doesn't include. A company over a limit may still send what adds
    /// nothing.
    pub(super) fn find_excess(&self, limits: &Limits) -> Option<FileError> {
        if let Some(limit) = limits.products.map(i64::from)
            && self.products_added > 0
            && self.products_held + self.products_added > limit
        {
            let reason = Text::new("plan_products")
                .with_number("limit", limit.unsigned_abs())
                .with_number("held", self.products_held.unsigned_abs())
                .with_number("added", self.products_added.unsigned_abs());
            return Some(FileError::worded("plan_products", reason));
        }
        if let Some(limit) = limits.import_rows_per_month
            && self.rows_added > 0
            && self.rows_used + self.rows_added > limit
        {
            let reason = Text::new("plan_rows")
                .with_number("limit", limit.unsigned_abs())
                .with_number("used", self.rows_used.unsigned_abs())
                .with_number("added", self.rows_added.unsigned_abs())
                .with("day", self.next_month);
            return Some(FileError::worded("plan_rows", reason));
        }
        None
    }
}
