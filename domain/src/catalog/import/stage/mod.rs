//! From a file to chunks of rows, encoded as the staging tables take them. No database here: the
//! caller writes the chunks. In reading order: `staging_plan` says how, `stager` reads the file;
//! `seen_keys`, `first_names` and `product_doubts` are what it remembers of earlier rows,
//! `known_products` what it knows of the catalog; `columns` says what a staged row holds, `tuples`
//! encodes it for COPY, and `chunk` collects it. `preview` reads the file in the same way and
//! writes nothing: `shown_rows` keeps what it shows, with their `row_values`, and `day_lines` what
//! is compared with other files.

mod chunk;
mod columns;
mod day_lines;
mod first_names;
mod known_products;
mod preview;
mod product_doubts;
mod row_values;
mod seen_keys;
mod shown_rows;
mod stager;
mod staging_plan;
mod tuples;

pub use chunk::Chunk;
pub(super) use columns::copy_statement;
pub use day_lines::DayLines;
pub(super) use day_lines::FileDay;
pub use known_products::KnownProducts;
pub use preview::{
    Creates, Preview, PreviewRow, Rejection, RowOutcome, preview_import, preview_questions,
};
pub use row_values::{CountValues, RowValues, SaleValues};
pub use stager::stage_file;
pub use staging_plan::{StagedFile, StagingPlan};
pub(super) use tuples::{COPY_HEADER, COPY_TRAILER};
