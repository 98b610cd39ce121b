//! From a record to a row of its kind, or to the error for which it is rejected. In reading order:
//! `row_error`; `cells` reads the cells of one file, and `codes` those that are compared; `sale`
//! with `identity`, `occurrence`, `sale_money`, `sale_status` and `ignored_codes`; `product`,
//! `count`; `reader` over the three kinds, which counts rows in `totals`. `validate` and `preview`
//! read files without writing, `outlier` knows usual quantities.

mod cells;
mod codes;
mod count;
mod identity;
mod ignored_codes;
mod occurrence;
mod outlier;
mod preview;
mod product;
mod reader;
mod row_error;
mod sale;
mod sale_money;
mod sale_status;
mod totals;
mod validate;

pub(super) use codes::RowKeys;
pub(super) use count::CountLine;
pub(super) use occurrence::{OCCURRENCE_COLUMN, format_occurrence};
pub use outlier::UsualQuantities;
pub use preview::{Preview, preview_file};
pub(super) use product::{PRODUCT_COLUMNS, ProductLine, ProductValue};
pub(super) use reader::RowReader;
pub(super) use row_error::{RejectedRow, RowError};
pub(super) use sale::{SaleLine, SaleWarnings};
pub use totals::RowTotals;
pub use validate::validate_rows;
