//! What an import would make of a file. The whole file is read as by [`stage_file`], so that
//! nothing which the import refuses looks fine; nothing is written.
//!
//! [`stage_file`]: super::stage_file

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use serde::Serialize;

use super::row_values::RowValues;
use super::shown_rows::ShownRows;
use super::stager::Stager;
use super::staging_plan::StagingPlan;
use crate::catalog::import::detect::{Columns, Detected, Question, open_rows};
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::lifecycle::Warning;
use crate::catalog::import::options::Options;
use crate::catalog::import::read::Record;
use crate::catalog::import::rows::{Issue, RowTotals};

/// Bytes that are shown of a field.
const MAX_FIELD_BYTES: usize = 1 << 10;

/// What an import would make of a file.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    pub detected: Detected,
    /// What must be decided first. While there are any, nothing below is known but the rows.
    pub questions: Vec<Question>,
    /// Of the whole file.
    pub totals: Option<RowTotals>,
    pub creates: Option<Creates>,
    pub warnings: Vec<Warning>,
    /// Why the import would end without a row, as an error that stands for the whole file.
    pub rejection: Option<Rejection>,
    /// The first rows.
    pub rows: Vec<PreviewRow>,
    /// The first rows with errors or warnings that aren't in `rows`.
    pub troubled_rows: Vec<PreviewRow>,
}

/// A row of a preview.
#[derive(Debug, Clone, Serialize)]
pub struct PreviewRow {
    pub line: u64,
    /// `None` while questions are open.
    pub outcome: Option<RowOutcome>,
    /// The fields that have a column, as they stand in the file.
    pub fields: BTreeMap<Field, String>,
    /// What would be stored; `None` for a row that is rejected or left out.
    pub values: Option<RowValues>,
    /// The product would be created.
    pub creates_product: bool,
    /// The site would be created.
    pub creates_site: bool,
    /// Why the row would be rejected.
    pub errors: Vec<Issue>,
    /// What somebody should look at.
    pub warnings: Vec<Issue>,
}

/// What the import would make of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOutcome {
    Imported,
    /// A total, an ignored code, a repeated line that the options drop.
    LeftOut,
    Rejected,
}

/// Why a whole file would be rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejection {
    pub code: &'static str,
    /// In the company's language.
    pub message: String,
}

/// What the catalog lacks and the import would create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Creates {
    /// Products, counted up to 1,048,576.
    pub products: u64,
    /// The codes of the first of them.
    pub skus: Vec<String>,
    pub sites: u64,
    /// The names of the first of them.
    pub site_names: Vec<String>,
}

/// Shows the first rows of a file that leaves questions open, as they stand in it.
pub fn preview_questions<S: Read + Seek>(
    source: S,
    kind: Kind,
    options: &Options,
    (detected, questions): (Detected, Vec<Question>),
    limit: usize,
) -> Result<Preview, FileError> {
    open_rows(source, kind, options, |table, columns| {
        let mut rows = Vec::new();
        while rows.len() < limit && table.advance()? {
            rows.push(PreviewRow::new(table.record(), &columns, None));
        }
        Ok(Preview {
            detected,
            questions,
            totals: None,
            creates: None,
            warnings: Vec::new(),
            rejection: None,
            rows,
            troubled_rows: Vec::new(),
        })
    })
}

/// Reads the whole file as the import would. Shows `limit` first rows, and as many further ones
/// with errors or warnings.
pub fn preview_import<S: Read + Seek>(
    source: S,
    staging: &StagingPlan,
    detected: Detected,
    limit: usize,
) -> Result<Preview, FileError> {
    open_rows(source, staging.kind, &staging.options, |table, _| {
        let mut stager = Stager::new(staging)?;
        stager.shown = Some(Box::new(ShownRows::new(limit)));
        stager.read_rows(table, |_| true)?;
        let shown = stager.shown.take().unwrap_or_default();
        let staged = stager.into_staged_file(table);
        let rejection = staged.find_rejection(staging.options.mode);
        let language = staging.context.language;
        Ok(Preview {
            detected,
            questions: Vec::new(),
            totals: Some(staged.totals),
            creates: Some(shown.creates),
            warnings: staged.warnings,
            rejection: rejection.map(|cause| Rejection {
                code: cause.code,
                message: cause.reason.render(language),
            }),
            rows: shown.first,
            troubled_rows: shown.troubled,
        })
    })
}

impl PreviewRow {
    pub(super) fn new(record: Record<'_>, columns: &Columns, outcome: Option<RowOutcome>) -> Self {
        let shown = |field| {
            Some((
                field,
                record.display_cut(columns.position(field)?, MAX_FIELD_BYTES),
            ))
        };
        Self {
            line: record.line,
            outcome,
            fields: Field::iter_all().filter_map(shown).collect(),
            values: None,
            creates_product: false,
            creates_site: false,
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }
}
