//! From a file to chunks of rows, encoded as the staging tables take them. No database here: the
//! caller writes the chunks. In reading order: `stager` reads the file; `seen_keys` and
//! `first_names` are what it remembers of earlier rows; `columns` says what a staged row holds,
//! `tuples` encodes it for COPY, and `chunk` collects it.

mod chunk;
mod columns;
mod first_names;
mod seen_keys;
mod stager;
mod tuples;

pub use chunk::Chunk;
pub(super) use columns::copy_statement;
pub(super) use first_names::code_fingerprint;
pub use stager::{StagedFile, StagingPlan, stage_file};
pub(super) use tuples::{COPY_HEADER, COPY_TRAILER};
