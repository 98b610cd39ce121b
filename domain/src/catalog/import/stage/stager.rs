//! The pass that fills staging: reads every row by its plan, encodes the valid ones for COPY and
//! collects the rejected ones, in chunks of bounded size.

use std::collections::HashSet;
use std::io::{Read, Seek};

use super::chunk::{Chunk, CountExtras, SaleExtras};
use super::first_names::FirstNames;
use super::product_doubts::ProductDoubts;
use super::row_values::RowValues;
use super::seen_keys::SeenKeys;
use super::shown_rows::ShownRows;
use super::staging_plan::{StagedFile, StagingPlan};
use crate::catalog::FactKey;
use crate::catalog::code_key::write_key;
use crate::catalog::import::detect::open_rows;
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::lifecycle::WarningCode;
use crate::catalog::import::options::{Duplicates, ImplausibleValues, UnknownSites};
use crate::catalog::import::read::{Record, Table};
use crate::catalog::import::rows::{
    IssueWriter, Origin, RowError, RowErrors, RowIssues, RowKeys, RowReader, RowTotals, RowWarning,
    SaleLine, Severity, WarningTally,
};

/// A rejected row takes more room than it took in the file: a file with more of them is rejected.
const MAX_REJECTED_ROWS: u64 = 1_000_000;

/// Reads the file and passes its chunks to `send`, until `send` returns `false`.
pub fn stage_file<S: Read + Seek>(
    source: S,
    staging: &StagingPlan,
    send: impl FnMut(Chunk) -> bool,
) -> Result<StagedFile, FileError> {
    open_rows(source, staging.kind, &staging.options, |table, _| {
        let mut stager = Stager::new(staging)?;
        stager.read_rows(table, send)?;
        Ok(stager.into_staged_file(table))
    })
}

pub(super) struct Stager<'a> {
    staging: &'a StagingPlan,
    rows: RowReader<'a>,
    seen: SeenKeys,
    product_names: FirstNames,
    doubts: ProductDoubts,
    customer_names: FirstNames,
    /// Of the current row.
    keys: RowKeys,
    totals: RowTotals,
    /// About the current row, beside those of its reader.
    warnings: Vec<RowWarning>,
    tally: WarningTally,
    /// Position of the severity's column in an error file.
    severity: Option<usize>,
    /// Of an error file, the rows without a number that came before.
    corrected: HashSet<(Origin, FactKey)>,
    through: u64,
    chunk: Chunk,
    /// What a preview shows; `None` in an import.
    pub(super) shown: Option<Box<ShownRows>>,
}

impl<'a> Stager<'a> {
    pub(super) fn new(staging: &'a StagingPlan) -> Result<Self, FileError> {
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
            doubts: ProductDoubts::default(),
            customer_names: FirstNames::default(),
            keys: RowKeys::default(),
            totals: RowTotals::default(),
            warnings: Vec::new(),
            tally: WarningTally::default(),
            severity: plan.columns.find_severity(),
            corrected: HashSet::new(),
            through: 0,
            chunk: Chunk::with_capacity(),
            shown: None,
        })
    }

    /// Reads all rows and passes their chunks to `send`, until it returns `false`.
    pub(super) fn read_rows(
        &mut self,
        table: &mut dyn Table,
        mut send: impl FnMut(Chunk) -> bool,
    ) -> Result<(), FileError> {
        while table.advance()? {
            self.stage_row(table.record());
            if self.totals.rejected > MAX_REJECTED_ROWS {
                return Err(FileError::new("too_many_errors"));
            }
            if self.chunk.is_full() && !send(self.cut_chunk(table)) {
                return Ok(());
            }
        }
        send(self.cut_chunk(table));
        Ok(())
    }

    fn stage_row(&mut self, record: Record<'_>) {
        self.totals.rows += 1;
        self.through = record.line;
        self.warnings.clear();
        if self.is_imported_already(record) {
            self.totals.ignored += 1;
            self.show_row(record, true);
            return;
        }
        if record.is_hidden() {
            let warning = RowWarning::of_row(WarningCode::HiddenRows);
            self.warnings.push(warning);
        }
        match self.accept_row(record) {
            Ok(is_left_out) => self.report_warnings(record, is_left_out),
            Err(error) => self.reject_row(record, error),
        }
    }

    /// Whether it is a row of an error file that was imported with a warning.
    fn is_imported_already(&self, record: Record<'_>) -> bool {
        let severity = self.severity.map(|position| record.field(position));
        severity == Some(Severity::Warning.as_str())
    }

    fn report_warnings(&mut self, record: Record<'_>, is_left_out: bool) {
        self.warnings.extend_from_slice(self.rows.warnings());
        if is_left_out {
            self.warnings.retain(|w| w.code != WarningCode::HiddenRows);
        }
        self.show_row(record, is_left_out);
        if self.warnings.is_empty() {
            return;
        }
        let writer = self.issue_writer();
        let kept = self.tally.count_row(record, &self.warnings, writer);
        if let Some(row) = kept.filter(|row| self.is_new(row.line)) {
            self.chunk.push_issues(row);
        }
    }

    /// Ends the row for a preview.
    #[inline]
    fn show_row(&mut self, record: Record<'_>, is_left_out: bool) {
        let writer = self.issue_writer();
        if let Some(shown) = &mut self.shown {
            shown.end_row(record, writer, &self.warnings, is_left_out);
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
        let (occurrence, origin) = match &mut self.rows {
            RowReader::Sales(reader) => (
                reader.find_rejected_occurrence(record, &mut self.keys),
                reader.read_origin(record),
            ),
            RowReader::Products(_) | RowReader::StockCounts(_) => (None, None),
        };
        // A rejected row without a number counts among the lines of its key.
        if let Some(unnumbered) = occurrence.filter(|o| o.number.is_none()) {
            self.seen.insert(unnumbered.key);
            if let Some(shown) = &mut self.shown {
                shown.count_line(record.line, unnumbered.key);
            }
        }
        if self.is_new(record.line) {
            let errors = self.rows.list_errors(record, error);
            let errors = self.find_unknown(record, errors);
            let writer = self.issue_writer();
            let row = writer.reject_row(record, errors.as_slice());
            if let Some(shown) = &mut self.shown {
                shown.reject_row(record, writer, &row.issues);
            }
            self.chunk.push_issues(RowIssues {
                occurrence,
                origin,
                ..row
            });
        }
    }

    /// Adds what a rejected row names and the company doesn't have.
    fn find_unknown(&mut self, record: Record<'_>, mut errors: RowErrors) -> RowErrors {
        if errors.concern_cells() && !matches!(self.rows, RowReader::Products(_)) {
            let (sku, site) = self.rows.read_names(record);
            write_key(sku, &mut self.keys.sku);
            write_key(site, &mut self.keys.site);
            errors.check(self.staging.require_site(&self.keys.site));
            errors.check(self.staging.require_product(&self.keys.sku));
        }
        errors
    }

    /// Returns whether the row is left out, as an ignored code and a total are.
    fn accept_row(&mut self, record: Record<'_>) -> Result<bool, RowError> {
        let import = self.staging.import_id;
        match &mut self.rows {
            RowReader::Sales(reader) => {
                let Some(line) = reader.read_line(record, &mut self.keys)? else {
                    self.totals.ignored += 1;
                    return Ok(true);
                };
                self.require_known()?;
                self.require_once(&line)?;
                self.validate_quantity(&line)?;
                let is_dropped = self.compare_line(&line);
                if is_dropped {
                    self.totals.ignored += 1;
                } else {
                    self.totals.count_sale(line.kind);
                }
                let names_product = self.names_product(line.sku, line.name);
                self.show_values((line.sku, line.site), |keys| {
                    RowValues::of_sale(&line, keys)
                });
                self.stage_sale(&line, names_product);
                return Ok(is_dropped);
            }
            RowReader::Products(reader) => {
                let line = reader.read_line(record, &mut self.keys)?;
                self.totals.accepted += 1;
                self.warnings
                    .extend(self.doubts.record_row(&self.keys.sku, &line));
                self.names_product(line.sku, "");
                self.show_values((line.sku, ""), |keys| RowValues::of_product(&line, keys));
                if self.is_new(line.line) {
                    self.chunk.push_product(import, &line, &self.keys);
                }
            }
            RowReader::StockCounts(reader) => {
                let Some(line) = reader.read_line(record, &mut self.keys)? else {
                    self.totals.ignored += 1;
                    return Ok(true);
                };
                self.require_known()?;
                self.totals.accepted += 1;
                let names_product = self.names_product(line.sku, line.name);
                self.show_values((line.sku, line.site), |keys| {
                    RowValues::of_count(&line, keys)
                });
                let extras = CountExtras {
                    keys: &self.keys,
                    names_product,
                    names_site: self.staging.options.unknown_sites == UnknownSites::Create,
                };
                if self.is_new(line.line) {
                    self.chunk.push_count(import, &line, extras);
                }
            }
        }
        Ok(false)
    }

    /// Keeps what a preview shows of a row that is stored.
    #[inline]
    fn show_values(&mut self, names: (&str, &str), values: impl FnOnce(&RowKeys) -> RowValues) {
        if let Some(shown) = &mut self.shown {
            let keys = &self.keys;
            let has_warnings = !self.warnings.is_empty() || !self.rows.warnings().is_empty();
            shown.record_values(self.staging, keys, names, has_warnings, || values(keys));
        }
    }

    /// Returns whether the row should carry the name of its product; warns where it is the first
    /// one of a code that looks like another.
    #[inline]
    fn names_product(&mut self, sku: &str, name: &str) -> bool {
        let names_product = self.product_names.record_row(&self.keys.sku, name);
        if names_product {
            let doubt = self.doubts.compare_look(self.staging, &self.keys, sku);
            self.warnings.extend(doubt);
        }
        names_product
    }

    /// Compares a line with those before it and identifies it, for a preview; an import does so
    /// once all are staged. Returns whether the options drop it.
    #[inline]
    fn compare_line(&mut self, line: &SaleLine<'_>) -> bool {
        let Some(shown) = &mut self.shown else {
            return false;
        };
        let options = &self.staging.options;
        let is_repeated = shown.is_repeated(line);
        let is_dropped = is_repeated && options.duplicates == Duplicates::Drop;
        if is_dropped {
            self.warnings
                .push(RowWarning::of_row(WarningCode::DroppedLines));
            return true;
        }
        if is_repeated {
            self.warnings
                .push(RowWarning::of_row(WarningCode::DuplicateLines));
        }
        shown.identify_line(line, &self.keys.site, options.same_day);
        false
    }

    /// Whether the line isn't staged yet.
    fn is_new(&self, line: u64) -> bool {
        line > self.staging.staged_through
    }

    /// Rejects unknown sites and products, by the keys of the current row.
    fn require_known(&self) -> Result<(), RowError> {
        self.staging.require_site(&self.keys.site)?;
        self.staging.require_product(&self.keys.sku)
    }

    /// Rejects a row of an error file that the file holds already.
    fn require_once(&mut self, line: &SaleLine<'_>) -> Result<(), RowError> {
        let row = line.corrects.map(|origin| (origin, line.key));
        if row.is_some_and(|row| !self.corrected.insert(row)) {
            return Err(RowError::of_row("repeated_row"));
        }
        Ok(())
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
        self.warnings.push(RowWarning::new(
            Field::Quantity,
            WarningCode::AbsurdQuantities,
        ));
        Ok(())
    }

    fn stage_sale(&mut self, line: &SaleLine<'_>, names_product: bool) {
        // Lines that are staged already are recorded too, as in the interrupted attempt.
        let extras = SaleExtras {
            keys: &self.keys,
            may_repeat: self.seen.insert(line.key),
            names_product,
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

    pub(super) fn into_staged_file(self, table: &dyn Table) -> StagedFile {
        StagedFile {
            totals: self.totals,
            encoding: table.shape().encoding,
            warnings: self.tally.into_warnings(self.staging.context.language),
        }
    }
}
