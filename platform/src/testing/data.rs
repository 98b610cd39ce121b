//! The data sets that tests measure themselves against.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use flate2::read::GzDecoder;

/// A file of the folder `VIGIE_TEST_DATA`, unpacked; `None` where none is named. `cargo xtask test` names
/// `../shared/data` where that is, and says at its end what was left out where it isn't.
///
/// # Panics
/// Where the folder doesn't hold it: who names it means to run the tests.
pub fn data_set(file: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(std::env::var_os("VIGIE_TEST_DATA")?).join(file);
    let packed = File::open(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    let mut bytes = Vec::new();
    GzDecoder::new(packed)
        .read_to_end(&mut bytes)
        .expect("a gzip file");
    Some(bytes)
}
