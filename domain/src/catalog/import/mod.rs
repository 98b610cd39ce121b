//! Files of sales, products and stock counts into the catalog.
//!
//! In reading order: [`Options`] say what the caller wants; `decode`, `dialect`, `csv` and `xlsx` make any
//! file a table of text; `columns`, `number`, `mark`, `date` and `zone` read it, and `detect` finds out how it is
//! written; `sale`, `product` and `count` make rows of it or say why not, `habit` what is unlikely. [`examine`] and [`validate`] are
//! the pass that writes nothing, [`stage`] the one that fills staging, and the functions of the store the one
//! that merges. `jobs` strings them together.

mod check;
mod chunk;
mod columns;
mod context;
mod copy;
mod count;
mod csv;
mod date;
mod decode;
mod detect;
mod dialect;
mod flaw;
mod habit;
mod headers;
mod key;
mod life;
mod mark;
mod money;
mod number;
mod occurrence;
mod options;
mod product;
mod record;
mod refusal;
mod report;
mod sale;
mod source;
mod stage;
mod store;
mod xlsx;
mod zone;

pub use check::{Examined, Preview, PreviewRow, Totals, examine, glance, preview, validate};
pub use chunk::Chunk;
pub use columns::Field;
pub use context::Context;
pub use detect::{Detected, Detection, Plan};
pub use flaw::Rejection;
pub use habit::Habits;
pub use life::{Counts, Import, ImportError, ImportId, NewImport, State, Warning, Work};
pub use occurrence::Place;
pub use options::{
    DateFormat, DecimalMark, Duplicates, Kind, Mode, Options, StockEffect, UnknownProducts,
    Unlikely,
};
pub use refusal::{Question, Refusal, refused_value};
pub use report::{report_header, report_row};
pub use source::check_digest;
pub use stage::{Staged, Staging, stage};
pub use store::aftermath::{touched_products, warn_of_lines, written_products};
pub use store::errors::list_import_errors;
pub use store::imports::{
    abandoned_imports, answer_questions, assign_job, cancel_import, create_import, files_in_use,
    find_import, find_work, list_imports,
};
pub use store::merge_counts::merge_counts;
pub use store::merge_products::{create_missing_references, merge_products};
pub use store::merge_sales::{
    create_missing_customers, create_missing_products, merge_sales, take_turn,
};
pub use store::numbering::number_rows;
pub use store::progress::{
    Merged, ask, fail, record_counts, record_merged, record_settled, record_warnings,
    start_checking, start_loading, succeed, succeed_as_repeat,
};
pub use store::staging::{
    known_habits, known_products, known_sites, resume_point, sweep, wipe, write_chunk,
};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod xlsx_tests;
