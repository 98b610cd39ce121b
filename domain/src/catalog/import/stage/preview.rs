//! What an import would make of a file. The whole file is read as by [`stage_file`], so that
//! nothing which the import refuses looks fine; nothing is written.
//!
//! [`stage_file`]: super::stage_file

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use serde::Serialize;

use super::day_lines::DayLines;
use super::row_values::RowValues;
use super::shown_rows::ShownRows;
use super::stager::Stager;
use super::staging_plan::StagingPlan;
use crate::catalog::FactKey;
use crate::catalog::import::detect::{Columns, Detected, Question, open_rows};
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::lifecycle::{Warning, WarningCode};
use crate::catalog::import::options::{Options, SameDay};
use crate::catalog::import::read::Record;
use crate::catalog::import::rows::{Issue, RowTotals};
use crate::catalog::import::same_day::{RecordedDay, ask_about_days};
use crate::identity::Language;

/// Bytes that are shown of a field.
const MAX_FIELD_BYTES: usize = 1 << 10;

/// What an import would make of a file.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    pub detected: Detected,
    /// What must be decided first. While there are any about how the file is written, nothing below
    /// is known but the rows.
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
    /// To be compared with the days of other files.
    #[serde(skip)]
    pub day_lines: DayLines,
}

/// A row of a preview.
#[derive(Debug, Clone, Serialize)]
pub struct PreviewRow {
    pub line: u64,
    /// The identity of a sale line.
    #[serde(skip)]
    pub(crate) key: Option<FactKey>,
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
    /// A sale that is recorded already: it stays, or is changed where its values differ.
    Recorded,
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
            day_lines: DayLines::default(),
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
        let rejection = staged.find_rejection(&staging.options);
        let language = staging.context.language;
        let superseded = shown.superseded;
        let mut warnings = staged.warnings;
        if superseded.rows > 0 {
            let code = WarningCode::SupersededLines;
            warnings.push(Warning {
                lines: superseded.lines,
                ..Warning::of_rows(code, superseded.rows, language)
            });
        }
        Ok(Preview {
            detected,
            questions: Vec::new(),
            totals: Some(staged.totals),
            creates: Some(shown.creates),
            warnings,
            rejection: rejection.map(|cause| Rejection::new(&cause, language)),
            rows: shown.first,
            troubled_rows: shown.troubled,
            day_lines: shown.days,
        })
    })
}

impl Preview {
    /// Adds the question about days that other files hold, or how many lines of them the file
    /// replaces.
    pub fn compare_days(
        &mut self,
        days: &[RecordedDay],
        same_day: Option<SameDay>,
        language: Language,
    ) {
        match same_day {
            None => {
                let question = ask_about_days(days, &self.detected, language);
                self.questions.extend(question);
            }
            Some(SameDay::Replace) => {
                let lacking: i64 = days.iter().map(|day| day.recorded - day.known).sum();
                let (code, rows) = (WarningCode::ReplacedLines, lacking.unsigned_abs());
                let warning = (rows > 0).then(|| Warning::of_rows(code, rows, language));
                self.warnings.extend(warning);
            }
            Some(SameDay::Add | SameDay::Union) => {}
        }
    }

    /// Adds what the limits of the plan reject, unless the file is rejected already, and what they
    /// reject if none of its rows is recorded yet.
    pub fn foresee_limits(
        &mut self,
        rejected: Option<&FileError>,
        doubtful: Option<&FileError>,
        language: Language,
    ) {
        if let Some(cause) = rejected {
            let rejection = || Rejection::new(cause, language);
            self.rejection.get_or_insert_with(rejection);
        }
        self.warnings.extend(doubtful.map(|cause| Warning {
            code: WarningCode::PlanRows,
            message: cause.reason.render(language),
            ..Warning::default()
        }));
    }
}

impl Rejection {
    fn new(cause: &FileError, language: Language) -> Self {
        Self {
            code: cause.code,
            message: cause.reason.render(language),
        }
    }
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
            key: None,
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
