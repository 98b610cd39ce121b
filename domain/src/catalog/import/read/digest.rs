//! Whether a stored file is still the one that was uploaded.

use std::io::Read;

use sha2::{Digest as _, Sha256};

use crate::catalog::import::file_error::FileError;

const BLOCK_BYTES: usize = 256 * 1024;

/// Reads a file to its end and compares its SHA-256 with the one recorded at the upload.
pub fn verify_digest(mut source: impl Read, expected: &[u8]) -> Result<(), FileError> {
    let mut hash = Sha256::new();
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        match source.read(&mut block)? {
            0 => break,
            count => hash.update(&block[..count]),
        }
    }
    if hash.finalize().as_slice() == expected {
        return Ok(());
    }
    Err(FileError::new("file_damaged"))
}
