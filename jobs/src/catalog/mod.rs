//! Jobs of the catalog area. [`ImportFile`] calls `import_check`, `import_stage`, `import_limits`,
//! `import_merge` and `import_end`, which know only `import_pass`. [`EndImport`] ends an import
//! whose own job can't, [`RevertImport`] takes one back, and [`SweepFiles`] deletes old files.

mod end_import;
mod import_admission;
mod import_check;
mod import_end;
mod import_file;
mod import_merge;
mod import_pass;
mod import_stage;
mod revert_import;
mod sweep_files;

pub use end_import::EndImport;
pub use import_file::ImportFile;
pub use revert_import::RevertImport;
pub use sweep_files::SweepFiles;

use crate::Registry;

pub(crate) fn register_jobs(registry: Registry) -> Registry {
    registry
        .with::<ImportFile>()
        .with::<EndImport>()
        .with::<RevertImport>()
        .with_platform::<SweepFiles>()
}

#[cfg(test)]
mod tests;
