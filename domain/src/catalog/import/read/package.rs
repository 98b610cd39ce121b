//! The outer form of a spreadsheet: a zip file of XML parts. The file can set none of the limits:
//! its parts are counted before its directory is read, and their bytes while they are unpacked.

use std::cell::Cell;
use std::io::{Read, Seek, SeekFrom};

use zip::ZipArchive;
use zip::read::ZipFile;

use super::part::XmlPart;
use crate::Text;
use crate::catalog::import::file_error::FileError;

/// Largest spreadsheet file.
const MAX_FILE_BYTES: u64 = 50 << 20;
/// Largest sum of the parts that are unpacked.
const MAX_UNPACKED_BYTES: u64 = 1 << 30;
/// A file of Excel has some dozens of parts, and one for each picture.
const MAX_PARTS: usize = 10_000;
/// Ends of a directory. A stored part may be a zip file, which has another.
const MAX_DIRECTORIES: usize = 100;
const BLOCK_BYTES: usize = 64 * 1024;

/// Whether these are the first bytes of a zip file, which an XLSX is.
pub(super) fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// A zip file and how much of it may still be unpacked.
pub(super) struct Package<S> {
    archive: ZipArchive<S>,
    bytes_left: Cell<u64>,
}

impl<S: Read + Seek> Package<S> {
    pub(super) fn open(mut source: S) -> Result<Self, FileError> {
        if source.seek(SeekFrom::End(0))? > MAX_FILE_BYTES {
            let reason = Text::new("spreadsheet_too_large");
            return Err(FileError::worded("file_too_large", reason));
        }
        source.rewind()?;
        validate_directory(&mut source)?;
        source.rewind()?;
        Ok(Self {
            archive: ZipArchive::new(source).map_err(|e| unreadable_workbook(&e))?,
            bytes_left: Cell::new(MAX_UNPACKED_BYTES),
        })
    }

    /// Opens a part by its path, in whatever case; `None` where there is none. Never unpacks more
    /// than `max_bytes` of it.
    pub(super) fn open_part(
        &mut self,
        path: &str,
        max_bytes: u64,
    ) -> Result<Option<XmlPart<'_, ZipFile<'_, S>>>, FileError> {
        let matches = |name: &[u8]| name.len() == path.len() && has_path(name, path);
        let Some(index) = self.archive.file_names_raw().position(matches) else {
            return Ok(None);
        };
        let part = self
            .archive
            .by_index(index)
            .map_err(|e| unreadable_workbook(&e))?;
        Ok(Some(XmlPart::new(part, max_bytes, &self.bytes_left)))
    }
}

fn has_path(name: &[u8], path: &str) -> bool {
    name.iter().zip(path.bytes()).all(|(found, wanted)| {
        let found = if *found == b'\\' { b'/' } else { *found };
        found.eq_ignore_ascii_case(&wanted)
    })
}

/// Rejects a file with more entries than may be held in memory. Counts them by their signatures,
/// because a directory may claim any number.
fn validate_directory(source: &mut impl Read) -> Result<(), FileError> {
    let (mut parts, mut directories) = (0, 0);
    let mut block = vec![0; BLOCK_BYTES];
    let mut kept = 0;
    loop {
        let count = source.read(&mut block[kept..])?;
        if count == 0 {
            return Ok(());
        }
        let filled = kept + count;
        for signature in block[..filled].windows(4).filter(|w| w.starts_with(b"PK")) {
            parts += usize::from(signature == b"PK\x01\x02");
            directories += usize::from(signature == b"PK\x05\x06");
        }
        if parts > MAX_PARTS || directories > MAX_DIRECTORIES {
            return Err(too_complex("parts"));
        }
        // A signature may begin at the end of a block.
        kept = filled.min(3);
        block.copy_within(filled - kept..filled, 0);
    }
}

/// Returns the error of a spreadsheet that is beyond the `limit` that its message describes.
pub(super) fn too_complex(limit: &'static str) -> FileError {
    let reason = Text::new("spreadsheet_too_complex").with("limit", limit);
    FileError::worded("too_complex", reason)
}

pub(super) fn unpacks_too_large() -> FileError {
    FileError::new("unpacks_too_large")
}

pub(super) fn unreadable_workbook(error: &dyn std::fmt::Display) -> FileError {
    let reason = Text::new("spreadsheet_unreadable").with("cause", error);
    FileError::worded("not_a_table", reason)
}
