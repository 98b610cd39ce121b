//! What somebody should look at in rows that are accepted.

use std::collections::BTreeMap;

use super::cells::CellReader;
use super::issue::{IssueWriter, RowIssues, Severity};
use crate::Text;
use crate::catalog::import::cells::Precision;
use crate::catalog::import::field::Field;
use crate::catalog::import::lifecycle::{Warning, WarningCode};
use crate::catalog::import::read::{CellKind, Record, looks_garbled};
use crate::identity::Language;

/// Rows of one warning that are kept with their fields; the others are counted.
pub(crate) const MAX_WARNED_LINES: i64 = 1_000;
/// Lines that a warning names.
pub(crate) const MAX_NAMED_LINES: usize = 20;

/// A warning about the current row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowWarning {
    pub(crate) field: Option<Field>,
    pub(crate) code: WarningCode,
    /// The code for which a person may take the row's code, or the line that the row replaces.
    pub(crate) other: Option<Box<str>>,
}

impl RowWarning {
    pub(crate) fn new(field: Field, code: WarningCode) -> Self {
        Self {
            field: Some(field),
            code,
            other: None,
        }
    }

    /// The warning about the row as a whole.
    pub(crate) fn of_row(code: WarningCode) -> Self {
        Self {
            field: None,
            code,
            other: None,
        }
    }

    pub(super) fn message(&self) -> Text {
        match (&self.other, self.code) {
            (Some(line), WarningCode::RepeatedProducts) => {
                Text::new("warn_repeated_product").with("line", line)
            }
            (Some(other), _) => Text::new("warn_look_alike_code").with("other", other),
            (None, code) => code.message(),
        }
    }
}

/// Warns of the first of `fields` whose text was damaged before it came into the file, and of the
/// first whose cell holds no text.
#[inline]
pub(super) fn warn_of_garbled(
    cells: &CellReader<'_>,
    record: Record<'_>,
    fields: &[Field],
    warnings: &mut Vec<RowWarning>,
) {
    let garbled = fields
        .iter()
        .find(|field| looks_garbled(cells.cell(record, **field)));
    warnings.extend(garbled.map(|field| RowWarning::new(*field, WarningCode::GarbledText)));
    if record.is_typed() {
        let is_typed = |field: &&Field| {
            let kind = cells.kind(record, **field);
            matches!(kind, CellKind::Date | CellKind::Bool | CellKind::Unclear)
        };
        let typed = fields.iter().find(is_typed);
        warnings.extend(typed.map(|field| RowWarning::new(*field, WarningCode::TypedTexts)));
    }
}

/// Warns of the first of `fields` whose number has decimals that were computed and are rounded.
#[inline]
pub(super) fn warn_of_rounded(
    cells: &CellReader<'_>,
    record: Record<'_>,
    fields: &[(Field, u32)],
    warnings: &mut Vec<RowWarning>,
) {
    let is_rounded = |(field, scale): &&(Field, u32)| {
        // A shorter text has too few digits.
        cells.cell(record, *field).len() > 15
            && cells
                .read_number(record, *field, *scale)
                .is_ok_and(|number| number.precision == Precision::Computed)
    };
    let rounded = fields.iter().find(is_rounded);
    let warn = |(field, _): &(Field, u32)| RowWarning::new(*field, WarningCode::RoundedNumbers);
    warnings.extend(rounded.map(warn));
}

/// The warnings of a whole file.
#[derive(Debug, Default)]
pub(crate) struct WarningTally(BTreeMap<WarningCode, WarnedRows>);

#[derive(Debug, Default)]
struct WarnedRows {
    rows: u64,
    lines: Vec<u64>,
}

impl WarningTally {
    /// Counts the warnings of a row. Returns the row with those that are to be kept.
    pub(crate) fn count_row(
        &mut self,
        record: Record<'_>,
        warnings: &[RowWarning],
        writer: IssueWriter<'_>,
    ) -> Option<RowIssues> {
        let counted = warnings.iter().cloned();
        let kept: Vec<RowWarning> = counted
            .filter(|warning| self.count_warning(record.line, warning.code))
            .collect();
        if kept.is_empty() {
            return None;
        }
        let issues = writer.describe_warnings(record, &kept);
        Some(writer.report_row(record, Severity::Warning, issues.into_iter()))
    }

    /// Returns whether the row is among the first ones of its warning.
    fn count_warning(&mut self, line: u64, code: WarningCode) -> bool {
        let warned = self.0.entry(code).or_default();
        warned.rows += 1;
        if warned.lines.len() < MAX_NAMED_LINES {
            warned.lines.push(line);
        }
        warned.rows <= MAX_WARNED_LINES.unsigned_abs()
    }

    pub(crate) fn into_warnings(self, language: Language) -> Vec<Warning> {
        let warnings = self.0.into_iter();
        warnings
            .map(|(code, warned)| Warning {
                lines: warned.lines,
                ..Warning::of_rows(code, warned.rows, language)
            })
            .collect()
    }
}
