//! Small files that are hard to read, with known right values.

use std::path::Path;

/// Reads a file of the folder `shared/cases/imports` beside the checkout; `None` if there is no
/// such folder.
///
/// # Panics
/// If the folder exists and doesn't hold the file.
pub fn import_case(file: &str) -> Option<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/cases/imports");
    let folder = Path::new(folder);
    let read =
        || std::fs::read(folder.join(file)).unwrap_or_else(|cause| panic!("{file}: {cause}"));
    folder.is_dir().then(read)
}
