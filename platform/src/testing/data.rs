//! The data sets that tests measure themselves against.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use flate2::read::GzDecoder;

/// A file of `VIGIE_TEST_DATA` (`../shared/data` beside the checkout unless set), unpacked. `None`, with a word on
/// standard error, where it isn't there.
///
/// # Panics
/// Where it isn't there and `CI` is set: a run that decides must not pass by what it left out.
pub fn data_set(file: &str) -> Option<Vec<u8>> {
    let folder = std::env::var_os("VIGIE_TEST_DATA")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")), PathBuf::from);
    let path = folder.join(file);
    let Ok(packed) = File::open(&path) else {
        assert!(std::env::var_os("CI").is_none(), "no {} (set VIGIE_TEST_DATA)", path.display());
        eprintln!("skipped: no {} (set VIGIE_TEST_DATA)", path.display());
        return None;
    };
    let mut bytes = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut bytes).expect("a gzip file");
    Some(bytes)
}
