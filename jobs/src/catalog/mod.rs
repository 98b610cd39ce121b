//! Jobs of the catalog area. [`ImportFile`] calls `import_check`, `import_stage`, `import_merge`
//! and `import_end`, which know only `import_pass`. [`CloseImport`] ends what its job couldn't, and
//! [`SweepFiles`] deletes old files.

mod close_import;
mod import_check;
mod import_end;
mod import_file;
mod import_merge;
mod import_pass;
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
