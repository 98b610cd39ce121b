//! Files of sales, products and stock counts into the catalog.
//!
//! In reading order: [`Options`] say what the caller wants; `decode`, `dialect`, `csv` and `xlsx` make any
//! file a table of text; `columns`, `number`, `mark`, `date` and `zone` read it, and `detect` finds out how it is
//! written; `sale`, `product` and `count` make rows of it or say why not, `habit` what is unlikely. [`examine`] and [`validate`] are
//! the pass that writes nothing, [`stage`] the one that fills staging, and the functions of the store the one
//! that merges. `jobs` strings them together.

mod cells;
mod context;
mod detect;
mod error_file;
mod field;
mod file_error;
mod lifecycle;
mod options;
mod read;
mod rows;
mod stage;
mod store;

pub use context::Context;
pub use detect::columns::Field;
pub use detect::detection::{Detected, Detection, Plan};
pub use error_file::{report_header, report_row};
pub use file_error::{Question, Refusal, refused_value};
pub use lifecycle::{Counts, Import, ImportError, ImportId, NewImport, State, Warning, Work};
pub use options::{
    DateFormat, DecimalMark, Duplicates, Kind, Mode, Options, StockEffect, UnknownProducts,
    Unlikely,
};
pub use read::table::check_digest;
pub use rows::occurrence::Place;
pub use rows::outlier::Habits;
pub use rows::row_error::Rejection;
pub use rows::validate::{
    Examined, Preview, PreviewRow, Totals, examine, glance, preview, validate,
};
pub use stage::chunk::Chunk;
pub use stage::staging::{Staged, Staging, stage};
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
pub use store::row_errors::list_import_errors;
pub use store::staging::{
    known_habits, known_products, known_sites, resume_point, sweep, wipe, write_chunk,
};
pub use store::touched_products::{touched_products, warn_of_lines, written_products};
pub use store::transitions::{
    Merged, ask, fail, record_counts, record_merged, record_settled, record_warnings,
    start_checking, start_loading, succeed, succeed_as_repeat,
};

#[cfg(test)]
mod tests;
