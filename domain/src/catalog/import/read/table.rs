//! A file of either format as a table.

use std::io::{Read, Seek};

use sha2::Digest as _;

use crate::catalog::import::file_error::Refusal;
use crate::catalog::import::options::Options;
use crate::catalog::import::read::csv::CsvTable;
use crate::catalog::import::read::record::Records;
use crate::catalog::import::read::xlsx;

/// Opens `source` from its start, tells its format by its first bytes and hands the table to `use_table`.
/// Spreadsheets are checked for size each time: the file is ours only since it was uploaded.
pub(in crate::catalog::import) fn with_table<S: Read + Seek, T>(
    mut source: S,
    options: &Options,
    use_table: impl FnOnce(&mut dyn Records) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    source.rewind()?;
    let mut head = [0; 4];
    let known = read_up_to(&mut source, &mut head)?;
    source.rewind()?;
    if xlsx::is_zip(&head[..known]) {
        xlsx::check_size(&mut source)?;
        source.rewind()?;
        return xlsx::with_table(source, use_table);
    }
    use_table(&mut CsvTable::open(source, options)?)
}

/// Reads a file through and compares its SHA-256 with what was stored of it at the upload.
///
/// # Errors
/// The file differs or can't be read.
pub fn check_digest(mut source: impl Read, expected: &[u8]) -> Result<(), Refusal> {
    let mut hash = sha2::Sha256::new();
    let mut block = vec![0; 256 * 1024];
    loop {
        match source.read(&mut block)? {
            0 => break,
            count => hash.update(&block[..count]),
        }
    }
    if hash.finalize().as_slice() == expected {
        return Ok(());
    }
    Err(Refusal::new(
        "file_damaged",
        "the stored file isn't what was uploaded; send it again",
    ))
}

fn read_up_to(source: &mut impl Read, buffer: &mut [u8]) -> Result<usize, Refusal> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}
