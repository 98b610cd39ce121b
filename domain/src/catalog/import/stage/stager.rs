//! The pass that fills staging: reads every row by its plan, encodes the valid ones for COPY and
//! collects the rejected ones, in chunks of bounded size.

use std::collections::HashSet;
use std::io::{Read, Seek};

use platform::ids::Uuid;

use super::chunk::{Chunk, CountExtras, SaleExtras};
use super::first_names::{FirstNames, code_fingerprint};
use super::seen_keys::SeenKeys;
use crate::catalog::import::context::Context;
use crate::catalog::import::detect::{Plan, open_rows};
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::options::{ImplausibleValues, Options, UnknownSites};
use crate::catalog::import::read::{Record, Table};
use crate::catalog::import::rows::{
    RejectedRow, RowError, RowKeys, RowReader, RowTotals, SaleLine, SaleWarnings, UsualQuantities,
};

/// A rejected row takes more room than it took in the file: a file with more of them is rejected.
const MAX_REJECTED_ROWS: u64 = 1_000_000;

/// Everything that decides about the rows of a file.
#[derive(Debug)]
pub struct StagingPlan {
    pub import_id: Uuid,
    pub kind: Kind,
    pub options: Options,
    pub plan: Plan,
    pub context: Context,
    pub file_bytes: u64,
    /// Fingerprints of the codes in the catalog, where rows of other codes are rejected.
    pub known_products: Option<HashSet<u64>>,
    /// Keys of the names of the sites.
    pub site_keys: HashSet<String>,
    /// Of the products of a sales file.
    pub usual_quantities: UsualQuantities,
    /// The last line that is staged already: lines up to it are read again, but not sent again.
    pub staged_through: u64,
}

/// What is known once the whole file has been read.
#[derive(Debug, Clone)]
pub struct StagedFile {
    pub totals: RowTotals,
    pub encoding: Option<&'static str>,
    pub warnings: StagedWarnings,
}

/// Rows that were accepted with a warning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StagedWarnings {
    pub negative_prices: u64,
    pub future_dates: u64,
    pub differing_amounts: u64,
    pub absurd_quantities: u64,
}

/// Reads the file and passes its chunks to `send`, until `send` returns `false`.
pub fn stage_file<S: Read + Seek>(
    source: S,
    staging: &StagingPlan,
    mut send: impl FnMut(Chunk) -> bool,
) -> Result<StagedFile, FileError> {
    open_rows(source, staging.kind, &staging.options, |table, _| {
        let mut stager = Stager::new(staging)?;
        while table.advance()? {
            stager.stage_row(table.record());
            if stager.totals.rejected > MAX_REJECTED_ROWS {
                return Err(FileError::new(
                    "too_many_errors",
                    "more than a million rows are wrong; is it the right file?",
                ));
            }
            if stager.chunk.is_full() && !send(stager.cut_chunk(table)) {
                break;
            }
        }
        send(stager.cut_chunk(table));
        Ok(stager.into_staged_file(table))
    })
}

struct Stager<'a> {
    staging: &'a StagingPlan,
    rows: RowReader<'a>,
    seen: SeenKeys,
    product_names: FirstNames,
    customer_names: FirstNames,
    /// Of the current row.
    keys: RowKeys,
    totals: RowTotals,
    absurd_quantities: u64,
    through: u64,
    chunk: Chunk,
}

impl<'a> Stager<'a> {
    fn new(staging: &'a StagingPlan) -> Result<Self, FileError> {
        let StagingPlan {
            kind,
            plan,
            options,
            context,
            ..
        } = staging;
        Ok(Self {
            staging,
            rows: RowReader::new(*kind, plan, options, context)?,
            seen: SeenKeys::for_file(staging.file_bytes),
            product_names: FirstNames::default(),
            customer_names: FirstNames::default(),
            keys: RowKeys::default(),
            totals: RowTotals::default(),
            absurd_quantities: 0,
            through: 0,
            chunk: Chunk::with_capacity(),
        })
    }

    fn stage_row(&mut self, record: Record<'_>) {
        self.totals.rows += 1;
        self.through = record.line;
        if let Err(error) = self.accept_row(record) {
            self.reject_row(record, error);
        }
    }

    fn reject_row(&mut self, record: Record<'_>, error: RowError) {
        self.totals.rejected += 1;
        let occurrence = match &mut self.rows {
            RowReader::Sales(reader) => reader.find_rejected_occurrence(record, &mut self.keys),
            RowReader::Products(_) | RowReader::StockCounts(_) => None,
        };
        // A rejected row without a number counts among the lines of its key.
        if let Some(unnumbered) = occurrence.filter(|o| o.number.is_none()) {
            self.seen.insert(unnumbered.key);
        }
        if self.is_new(record.line) {
            let row = RejectedRow::new(error, record, &self.staging.plan.columns);
            self.chunk.push_rejected(RejectedRow { occurrence, ..row });
        }
    }

    fn accept_row(&mut self, record: Record<'_>) -> Result<(), RowError> {
        let import = self.staging.import_id;
        match &mut self.rows {
            RowReader::Sales(reader) => {
                let Some(line) = reader.read_line(record, &mut self.keys)? else {
                    self.totals.ignored += 1;
                    return Ok(());
                };
                self.require_known()?;
                self.validate_quantity(&line)?;
                self.totals.count_sale(line.kind);
                self.stage_sale(&line);
            }
            RowReader::Products(reader) => {
                let line = reader.read_line(record, &mut self.keys)?;
                self.totals.accepted += 1;
                if self.is_new(line.line) {
                    self.chunk.push_product(import, &line, &self.keys);
                }
            }
            RowReader::StockCounts(reader) => {
                let line = reader.read_line(record, &mut self.keys)?;
                self.require_known()?;
                self.totals.accepted += 1;
                let extras = CountExtras {
                    keys: &self.keys,
                    names_product: self.product_names.record_row(&self.keys.sku, line.name),
                    names_site: self.staging.options.unknown_sites == UnknownSites::Create,
                };
                if self.is_new(line.line) {
                    self.chunk.push_count(import, &line, extras);
                }
            }
        }
        Ok(())
    }

    /// Whether the line isn't staged yet.
    fn is_new(&self, line: u64) -> bool {
        line > self.staging.staged_through
    }

    /// Rejects unknown sites and products, by the keys of the current row.
    fn require_known(&self) -> Result<(), RowError> {
        let RowKeys { sku, site, .. } = &self.keys;
        if !site.is_empty()
            && self.staging.options.unknown_sites == UnknownSites::Reject
            && !self.staging.site_keys.contains(site)
        {
            let reason = "no site has this name; create it, map it in options.values, or set \
                options.unknown_sites to create";
            return Err(RowError::new(Field::Site, "unknown_site", reason));
        }
        match &self.staging.known_products {
            Some(known) if !known.contains(&code_fingerprint(sku)) => {
                let reason = "the catalog has no product with this code";
                Err(RowError::new(Field::Sku, "unknown_product", reason))
            }
            _ => Ok(()),
        }
    }

    /// Rejects or counts an outlier, by the key of its code.
    fn validate_quantity(&mut self, line: &SaleLine<'_>) -> Result<(), RowError> {
        let usual_quantities = &self.staging.usual_quantities;
        let Some(usual) = usual_quantities.find_outlier(&self.keys.sku, line) else {
            return Ok(());
        };
        if self.staging.options.absurd_quantities == Some(ImplausibleValues::Reject) {
            let reason = format!("more than a hundred times the usual, which is {usual:.1}");
            return Err(RowError::new(Field::Quantity, "absurd_quantity", reason));
        }
        self.absurd_quantities += 1;
        Ok(())
    }

    fn stage_sale(&mut self, line: &SaleLine<'_>) {
        // Lines that are staged already are recorded too, as in the interrupted attempt.
        let extras = SaleExtras {
            keys: &self.keys,
            may_repeat: self.seen.insert(line.key),
            names_product: self.product_names.record_row(&self.keys.sku, line.name),
            names_customer: !line.customer.is_empty()
                && self
                    .customer_names
                    .record_row(line.customer, line.customer_name),
            names_site: self.staging.options.unknown_sites == UnknownSites::Create,
        };
        if self.is_new(line.line) {
            self.chunk.push_sale(self.staging.import_id, line, extras);
        }
    }

    fn cut_chunk(&mut self, table: &dyn Table) -> Chunk {
        let mut chunk = std::mem::replace(&mut self.chunk, Chunk::with_capacity());
        chunk.through = self.through;
        chunk.position = table.position();
        chunk.totals = self.totals.clone();
        chunk
    }

    fn into_staged_file(self, table: &dyn Table) -> StagedFile {
        let warnings = match &self.rows {
            RowReader::Sales(reader) => reader.warnings,
            RowReader::Products(_) | RowReader::StockCounts(_) => SaleWarnings::default(),
        };
        StagedFile {
            totals: self.totals,
            encoding: table.shape().encoding,
            warnings: StagedWarnings {
                negative_prices: warnings.negative_prices,
                future_dates: warnings.future_dates,
                differing_amounts: warnings.differing_amounts,
                absurd_quantities: self.absurd_quantities,
            },
        }
    }
}
