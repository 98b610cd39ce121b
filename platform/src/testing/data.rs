//! The data sets that tests measure themselves against.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

/// A file of the folder `VIGIE_TEST_DATA`, unpacked. Unset, `../shared/data` beside the checkout is looked at; `None`,
/// with a word on standard error, where it isn't there.
///
/// # Panics
/// Where the folder was named and doesn't hold it: who names it means to run the tests.
pub fn data_set(file: &str) -> Option<Vec<u8>> {
    let named = std::env::var_os("VIGIE_TEST_DATA").map(PathBuf::from);
    let folder = named.as_deref().unwrap_or(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")));
    let path = folder.join(file);
    let Ok(packed) = File::open(&path) else {
        assert!(named.is_none(), "no {}", path.display());
        eprintln!("skipped: no {} (set VIGIE_TEST_DATA)", path.display());
        return None;
    };
    let mut bytes = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut bytes).expect("a gzip file");
    Some(bytes)
}
