//! From a record to a row of its kind, or to the error for which it is rejected. In reading order:
//! `row_error`, `row_warning` and the `issue` that people read; `cells` reads the cells of one file
//! whose rows have the `shape` of its header, and `codes` with `damaged_code` those that are
//! compared; `total_row` distinguishes totals and titles; `sale` with `identity`,
//! `occurrence`, `sale_money`, `sale_status` and `ignored_codes`; `product`, `count`; `reader` over
//! the three kinds, which counts rows in `totals`. `validate` reads files without writing,
//! `outlier` knows usual quantities.

mod cells;
mod codes;
mod count;
mod damaged_code;
mod identity;
mod ignored_codes;
mod issue;
mod occurrence;
mod outlier;
mod product;
mod reader;
mod row_error;
mod row_warning;
mod sale;
mod sale_money;
mod sale_status;
mod shape;
mod total_row;
mod totals;
mod validate;

pub(super) use codes::RowKeys;
pub(super) use count::CountLine;
pub(super) use issue::IssueWriter;
pub use issue::{Issue, RowIssues, Severity};
pub(super) use occurrence::{OCCURRENCE_COLUMN, Origin, format_occurrence};
pub use outlier::UsualQuantities;
pub(super) use product::{PRODUCT_COLUMNS, ProductLine, ProductValue};
pub(super) use reader::RowReader;
pub(super) use row_error::{RowError, RowErrors};
pub(super) use row_warning::{MAX_NAMED_LINES, MAX_WARNED_LINES, RowWarning, WarningTally};
pub(super) use sale::SaleLine;
pub use totals::RowTotals;
pub use validate::validate_rows;
