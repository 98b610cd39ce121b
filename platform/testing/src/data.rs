//! The data sets of tests.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use flate2::read::GzDecoder;

/// Reads a gzip file of the folder `VIGIE_TEST_DATA`; `None` if the variable is unset. `cargo
/// xtask test` sets it to `../shared/data` if that folder exists, and otherwise lists the tests it
/// skipped.
///
/// # Panics
/// If the folder is set and doesn't hold the file.
pub fn data_set(file: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(std::env::var_os("VIGIE_TEST_DATA")?).join(file);
    let packed = File::open(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    let mut bytes = Vec::new();
    GzDecoder::new(packed)
        .read_to_end(&mut bytes)
        .expect("a gzip file");
    Some(bytes)
}
