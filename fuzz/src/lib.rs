//! What the targets share: the passes over an imported file with what must hold of them, and what
//! can be stored.

mod import_choice;
mod read_file;
mod storable;

pub use import_choice::ImportChoice;
pub use read_file::read_file;
pub use storable::assert_storable;
