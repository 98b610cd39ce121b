//! The pass that fills staging: reads every row by its plan, encodes the valid ones for COPY and
//! collects the rejected ones, in chunks of bounded size.

use std::collections::HashSet;
use std::io::{Read, Seek};

use platform::ids::Uuid;

use super::chunk::{Chunk, CountExtras, SaleExtras};
use super::first_names::{FirstNames, code_fingerprint};
use super::seen_keys::SeenKeys;
use crate::catalog::code_key::write_key;
use crate::catalog::import::context::Context;
use crate::catalog::import::detect::{Plan, open_rows};
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::lifecycle::{Warning, WarningCode};
use crate::catalog::import::options::{ImplausibleValues, Options, UnknownSites};
use crate::catalog::import::read::{Record, Table};
use crate::catalog::import::rows::{
    IssueWriter, RowError, RowErrors, RowIssues, RowKeys, RowReader, RowTotals, RowWarning,
    SaleLine, Severity, UsualQuantities, WarningTally,
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
    pub warnings: Vec<Warning>,
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
                return Err(FileError::new("too_many_errors"));
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
    /// About the current row, beside those of its reader.
    warnings: Vec<RowWarning>,
    tally: WarningTally,
    /// Position of the severity's column in an error file.
    severity: Option<usize>,
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
            warnings: Vec::new(),
            tally: WarningTally::default(),
            severity: plan.columns.find_severity(),
            through: 0,
            chunk: Chunk::with_capacity(),
        })
    }

    fn stage_row(&mut self, record: Record<'_>) {
        self.totals.rows += 1;
        self.through = record.line;
        if self.is_imported_already(record) {
            self.totals.ignored += 1;
            return;
        }
        self.warnings.clear();
        match self.accept_row(record) {
            Ok(()) => self.report_warnings(record),
            Err(error) => self.reject_row(record, error),
        }
    }

    /// Whether it is a row of an error file that was imported with a warning.
    fn is_imported_already(&self, record: Record<'_>) -> bool {
        let severity = self.severity.map(|position| record.field(position));
        severity == Some(Severity::Warning.as_str())
    }

    fn report_warnings(&mut self, record: Record<'_>) {
        self.warnings.extend_from_slice(self.rows.warnings());
        if self.warnings.is_empty() {
            return;
        }
        let writer = self.issue_writer();
        let kept = self.tally.count_row(record, &self.warnings, writer);
        if let Some(row) = kept.filter(|row| self.is_new(row.line)) {
            self.chunk.push_issues(row);
        }
    }

    fn issue_writer(&self) -> IssueWriter<'a> {
        IssueWriter {
            columns: &self.staging.plan.columns,
            language: self.staging.context.language,
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
            let errors = self.rows.list_errors(record, error);
            let errors = self.find_unknown(record, errors);
            let row = self.issue_writer().reject_row(record, errors.as_slice());
            self.chunk.push_issues(RowIssues { occurrence, ..row });
        }
    }

    /// Adds what a rejected row names and the company doesn't have.
    fn find_unknown(&mut self, record: Record<'_>, mut errors: RowErrors) -> RowErrors {
        if errors.concern_cells() && !matches!(self.rows, RowReader::Products(_)) {
            let (sku, site) = self.rows.read_names(record);
            write_key(sku, &mut self.keys.sku);
            write_key(site, &mut self.keys.site);
            errors.check(self.require_site());
            errors.check(self.require_product());
        }
        errors
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
                let Some(line) = reader.read_line(record, &mut self.keys)? else {
                    self.totals.ignored += 1;
                    return Ok(());
                };
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
        self.require_site()?;
        self.require_product()
    }

    fn require_site(&self) -> Result<(), RowError> {
        let site = &self.keys.site;
        if !site.is_empty()
            && self.staging.options.unknown_sites == UnknownSites::Reject
            && !self.staging.site_keys.contains(site)
        {
            return Err(RowError::new(Field::Site, "unknown_site"));
        }
        Ok(())
    }

    fn require_product(&self) -> Result<(), RowError> {
        let sku = &self.keys.sku;
        match &self.staging.known_products {
            Some(known) if !sku.is_empty() && !known.contains(&code_fingerprint(sku)) => {
                Err(RowError::new(Field::Sku, "unknown_product"))
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
            let error = RowError::new(Field::Quantity, "absurd_quantity");
            return Err(error.with("usual", format_args!("{usual:.1}")));
        }
        let warning = RowWarning::new(Field::Quantity, WarningCode::AbsurdQuantities);
        self.warnings.push(warning);
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
        StagedFile {
            totals: self.totals,
            encoding: table.shape().encoding,
            warnings: self.tally.into_warnings(self.staging.context.language),
        }
    }
}
