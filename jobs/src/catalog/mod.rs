//! Jobs of the catalog area.

mod close_import;
mod import_end;
mod import_file;
mod import_merge;
mod import_stage;
mod sweep_files;

pub use close_import::CloseImport;
pub use import_file::ImportFile;
pub use sweep_files::SweepFiles;

use crate::Registry;

pub(crate) fn register_jobs(registry: Registry) -> Registry {
    registry
        .with::<ImportFile>()
        .with::<CloseImport>()
        .with_platform::<SweepFiles>()
}

#[cfg(test)]
mod tests;
