//! Jobs of the catalog area.

mod import_file;
mod import_merge;
mod import_stage;
mod sweep_files;

pub use import_file::ImportFile;
pub use sweep_files::SweepFiles;

use crate::Registry;

pub(crate) fn register(registry: Registry) -> Registry {
    registry.with::<ImportFile>().with::<SweepFiles>()
}

#[cfg(test)]
mod tests;
