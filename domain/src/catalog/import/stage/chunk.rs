//! Rows on their way to staging.

use platform::ids::Uuid;

use super::columns::{encode_count, encode_product, encode_sale};
use super::tuples::Tuples;
use crate::catalog::import::rows::{
    CountLine, ProductLine, RowIssues, RowKeys, RowTotals, SaleLine,
};

/// Bounds what a killed worker stages again, while a commit stays rare beside its rows.
const MAX_CHUNK_ROWS: u64 = 50_000;
/// Bounds memory: one chunk is filled, one waits in the channel and one is written.
const MAX_CHUNK_BYTES: usize = 8 << 20;
/// Estimated bytes of an issue, and of a kept field beside its text.
const ISSUE_BYTES: usize = 300;
const KEPT_FIELD_BYTES: usize = 24;

/// Rows that are staged in one commit.
#[derive(Debug, Default)]
pub struct Chunk {
    tuples: Tuples,
    pub rows: u64,
    /// Rows that are rejected or should be looked at.
    pub reported: Vec<RowIssues>,
    reported_bytes: usize,
    /// The last line of the file that was read.
    pub through: u64,
    /// Bytes of the file (rows of a spreadsheet) that were read.
    pub position: u64,
    /// Of the whole file up to here.
    pub totals: RowTotals,
}

/// What a staged sale line holds beside its own facts.
#[derive(Debug, Clone, Copy)]
pub(super) struct SaleExtras<'k> {
    pub(super) keys: &'k RowKeys,
    /// The key may occur on an earlier line.
    pub(super) may_repeat: bool,
    /// The line carries code and name of its product, in case the product must be created.
    pub(super) names_product: bool,
    /// The same for its customer.
    pub(super) names_customer: bool,
    /// The same for its site.
    pub(super) names_site: bool,
}

/// What a staged count holds beside its own facts, as [`SaleExtras`].
#[derive(Debug, Clone, Copy)]
pub(super) struct CountExtras<'k> {
    pub(super) keys: &'k RowKeys,
    pub(super) names_product: bool,
    pub(super) names_site: bool,
}

impl Chunk {
    /// Returns a chunk with its full capacity: growing would copy it several times.
    pub(super) fn with_capacity() -> Self {
        let mut chunk = Self::default();
        let spare = MAX_CHUNK_BYTES / 8;
        chunk.tuples.bytes.reserve(MAX_CHUNK_BYTES + spare);
        chunk
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows >= MAX_CHUNK_ROWS
            || self.tuples.bytes.len() + self.reported_bytes >= MAX_CHUNK_BYTES
    }

    /// Returns the rows as COPY takes them, without header and trailer.
    pub(crate) fn take_tuples(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.tuples.bytes)
    }

    pub(super) fn push_issues(&mut self, row: RowIssues) {
        let fields: usize = row
            .fields
            .iter()
            .map(|field| field.len() + KEPT_FIELD_BYTES)
            .sum();
        self.reported_bytes += row.issues.len() * ISSUE_BYTES + fields;
        self.reported.push(row);
    }

    pub(super) fn push_sale(&mut self, import: Uuid, line: &SaleLine<'_>, extras: SaleExtras<'_>) {
        self.rows += 1;
        encode_sale(&mut self.tuples, import, line, extras);
    }

    pub(super) fn push_product(&mut self, import: Uuid, line: &ProductLine<'_>, keys: &RowKeys) {
        self.rows += 1;
        encode_product(&mut self.tuples, import, line, keys);
    }

    pub(super) fn push_count(
        &mut self,
        import: Uuid,
        line: &CountLine<'_>,
        extras: CountExtras<'_>,
    ) {
        self.rows += 1;
        encode_count(&mut self.tuples, import, line, extras);
    }
}
