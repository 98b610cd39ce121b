//! The rows that a preview shows, collected while the file is read.

use std::collections::{HashMap, HashSet};

use super::day_lines::DayLines;
use super::first_names::code_fingerprint;
use super::preview::{Creates, PreviewRow, RowOutcome};
use super::row_values::RowValues;
use super::staging_plan::StagingPlan;
use crate::catalog::FactKey;
use crate::catalog::import::options::SameDay;
use crate::catalog::import::read::Record;
use crate::catalog::import::rows::{
    Issue, IssueWriter, MAX_NAMED_LINES, RowKeys, RowWarning, SaleLine,
};

/// Codes and names of what would be created that are listed; the others are counted.
const MAX_NAMED: usize = 20;
/// Keys that are compared with those before them: bounds the memory of a preview.
const MAX_COMPARED_KEYS: usize = 1 << 20;

/// The first rows and the first further ones with trouble, with what the file would create.
#[derive(Default)]
pub(super) struct ShownRows {
    limit: usize,
    pub(super) first: Vec<PreviewRow>,
    pub(super) troubled: Vec<PreviewRow>,
    pub(super) creates: Creates,
    pub(super) days: DayLines,
    new_products: HashSet<u64>,
    new_sites: HashSet<u64>,
    line_keys: HashSet<FactKey>,
    identities: HashMap<FactKey, Identity>,
    pub(super) superseded: Superseded,
    current: CurrentRow,
}

/// The lines of one identity.
#[derive(Default)]
struct Identity {
    lines: i64,
    last: u64,
}

/// Lines whose own id a later line has.
#[derive(Default)]
pub(super) struct Superseded {
    pub(super) rows: u64,
    pub(super) lines: Vec<u64>,
}

/// What the reader says of the row before it is known whether the row is shown.
#[derive(Default)]
struct CurrentRow {
    key: Option<FactKey>,
    values: Option<RowValues>,
    creates_product: bool,
    creates_site: bool,
}

impl ShownRows {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Returns whether an earlier line equals this one in every field. Lines with the caller's own
    /// id are never duplicates.
    pub(super) fn is_repeated(&mut self, line: &SaleLine<'_>) -> bool {
        if !line.external_id.is_empty() {
            return false;
        }
        let figures = [line.quantity, line.money.unit_price, line.moment.at].map(i64::to_be_bytes);
        let [quantity, price, at] = figures.each_ref().map(<[u8; 8]>::as_slice);
        let (key, customer) = (line.key.as_bytes(), line.customer.as_bytes());
        let equal = FactKey::from_parts(&[key, quantity, price, at, customer]);
        if self.line_keys.len() < MAX_COMPARED_KEYS {
            !self.line_keys.insert(equal)
        } else {
            self.line_keys.contains(&equal)
        }
    }

    /// Identifies a line as an import numbers it, for the comparison with what is recorded.
    pub(super) fn identify_line(
        &mut self,
        line: &SaleLine<'_>,
        site_key: &str,
        same_day: Option<SameDay>,
    ) {
        if !line.external_id.is_empty() {
            self.current.key = Some(line.key);
            self.replace_line(line.line, line.key);
            return;
        }
        // A further line: none that is recorded is this one.
        if line.corrects.is_some() || line.by_day && same_day == Some(SameDay::Add) {
            return;
        }
        let occurrence = self.count_line(line.line, line.key);
        let key = line
            .key
            .of_occurrence(occurrence.map_or(1, |(lines, _)| lines));
        self.current.key = Some(key);
        if line.by_day {
            self.days
                .add_line((site_key, line.moment.day), line.line, key);
        }
    }

    /// Records a line with the caller's own id, which replaces the one before it.
    fn replace_line(&mut self, line: u64, key: FactKey) {
        if let Some((2.., previous)) = self.count_line(line, key) {
            self.superseded.rows += 1;
            if self.superseded.lines.len() < MAX_NAMED_LINES {
                self.superseded.lines.push(previous);
            }
        }
    }

    /// Counts a line of an identity; returns how many there are and which one was before it.
    pub(super) fn count_line(&mut self, line: u64, key: FactKey) -> Option<(i64, u64)> {
        if self.identities.len() == MAX_COMPARED_KEYS && !self.identities.contains_key(&key) {
            return None;
        }
        let identity = self.identities.entry(key).or_default();
        identity.lines += 1;
        Some((identity.lines, std::mem::replace(&mut identity.last, line)))
    }

    /// Records what a row that is stored creates, and its values where it will be shown.
    pub(super) fn record_values(
        &mut self,
        staging: &StagingPlan,
        keys: &RowKeys,
        (sku, site): (&str, &str),
        has_warnings: bool,
        values: impl FnOnce() -> RowValues,
    ) {
        let creates = &mut self.creates;
        self.current = CurrentRow {
            key: self.current.key,
            creates_product: !staging.has_product(&keys.sku),
            creates_site: !staging.has_site(&keys.site),
            values: None,
        };
        if self.current.creates_product && is_new(&mut self.new_products, &keys.sku) {
            creates.products += 1;
            name_first(&mut creates.skus, keys.find_code(sku));
        }
        if self.current.creates_site && is_new(&mut self.new_sites, &keys.site) {
            creates.sites += 1;
            name_first(&mut creates.site_names, site);
        }
        let is_shown = self.has_room() || has_warnings && self.has_room_for_trouble();
        self.current.values = is_shown.then(values);
    }

    /// Ends a row that isn't rejected.
    pub(super) fn end_row(
        &mut self,
        record: Record<'_>,
        writer: IssueWriter<'_>,
        warnings: &[RowWarning],
        is_left_out: bool,
    ) {
        let current = std::mem::take(&mut self.current);
        if !self.has_room() && (warnings.is_empty() || !self.has_room_for_trouble()) {
            return;
        }
        let outcome = if is_left_out {
            RowOutcome::LeftOut
        } else {
            RowOutcome::Imported
        };
        self.show_row(PreviewRow {
            key: current.key.filter(|_| !is_left_out),
            values: current.values.filter(|_| !is_left_out),
            creates_product: current.creates_product && !is_left_out,
            creates_site: current.creates_site && !is_left_out,
            warnings: writer.describe_warnings(record, warnings),
            ..PreviewRow::new(record, writer.columns, Some(outcome))
        });
    }

    /// Ends a rejected row.
    pub(super) fn reject_row(
        &mut self,
        record: Record<'_>,
        writer: IssueWriter<'_>,
        errors: &[Issue],
    ) {
        if self.has_room() || self.has_room_for_trouble() {
            self.show_row(PreviewRow {
                errors: errors.to_vec(),
                ..PreviewRow::new(record, writer.columns, Some(RowOutcome::Rejected))
            });
        }
    }

    fn has_room(&self) -> bool {
        self.first.len() < self.limit
    }

    fn has_room_for_trouble(&self) -> bool {
        self.troubled.len() < self.limit
    }

    fn show_row(&mut self, row: PreviewRow) {
        if self.has_room() {
            self.first.push(row);
        } else {
            self.troubled.push(row);
        }
    }
}

/// Adds a key and returns whether it is the first of its kind.
fn is_new(met: &mut HashSet<u64>, key: &str) -> bool {
    met.len() < MAX_COMPARED_KEYS && met.insert(code_fingerprint(key))
}

fn name_first(names: &mut Vec<String>, name: &str) {
    if names.len() < MAX_NAMED {
        names.push(name.to_owned());
    }
}
