//! Jobs of the catalog area.

mod import_file;
mod import_merge;
mod import_stage;

pub use import_file::ImportFile;

use crate::Registry;

pub(crate) fn register(registry: Registry) -> Registry {
    registry.with::<ImportFile>()
}

#[cfg(test)]
mod tests;
