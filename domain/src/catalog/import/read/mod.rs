//! From the bytes of a file to records of text, in constant memory. In reading order: `digest`
//! compares a stored file with its upload; `text` is about delimited files, and `formula` unwraps
//! their texts. A spreadsheet is a `package` of XML parts, each read as a `part` within limits:
//! `book`, `texts` with `cell_text`, `styles` with `number_format`, its `format_section` and
//! `format_part`, and the cells of a `sheet` by their `reference`, some of them `merged`. `typed`
//! is what a cell holds, `sheet_choice` which sheet is read, and `xlsx` makes records of its cells.
//! `record` is what both formats become, `table` the entry.

mod book;
mod cell_text;
mod digest;
mod format_part;
mod format_section;
mod formula;
mod merged;
mod number_format;
mod package;
mod part;
mod record;
mod reference;
mod sheet;
mod sheet_choice;
mod styles;
mod table;
mod text;
mod texts;
mod typed;
mod xlsx;

pub use book::SheetName;
pub use digest::verify_digest;
pub(super) use merged::MergedCells;
pub(super) use record::{
    Format, Record, RowFault, Table, strip_apostrophes, strip_formula_guard, unwrap_apostrophes,
};
pub(super) use sheet_choice::FilledSheet;
pub(super) use table::open_table;
pub(super) use text::looks_garbled;
pub(super) use text::{CellReadings, EncodingDoubt};
pub(super) use typed::CellKind;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod xlsx_tests;

#[cfg(any(test, fuzzing))]
pub(super) use text::encode_text;
