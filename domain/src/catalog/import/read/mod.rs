//! From the bytes of a file to records of text, in constant memory. In reading order: `digest`
//! compares a stored file with its upload; `encoding` makes UTF-8 of any file, `delimiter` finds
//! what separates its fields, and `csv` cuts it into records. `workbook` guards against hostile
//! spreadsheets and `xlsx` reads them. `record` is what both formats become, `table` the entry.

mod csv;
mod delimiter;
mod digest;
mod encoding;
mod record;
mod table;
mod workbook;
mod xlsx;

pub use digest::verify_digest;
pub(super) use record::{Format, Record, Table, strip_formula_guard};
pub(super) use table::open_table;

#[cfg(test)]
mod csv_tests;
#[cfg(test)]
mod xlsx_tests;
