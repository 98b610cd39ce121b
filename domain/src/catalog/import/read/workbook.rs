//! The outer form of a spreadsheet: a zip file, which must not unpack to more than fits.

use std::io::{Read, Seek, SeekFrom};

use crate::catalog::import::file_error::FileError;

/// Largest spreadsheet file.
const MAX_FILE_BYTES: u64 = 50 << 20;
/// Largest sum of a spreadsheet's unpacked parts.
const MAX_UNPACKED_BYTES: u64 = 1 << 30;
/// Largest sum of the parts that have to be held in memory: all but the sheets.
const MAX_HELD_BYTES: u64 = 128 << 20;
const MAX_PARTS: usize = 10_000;

/// Whether these are the first bytes of a zip file, which an XLSX is.
pub(super) fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// Rejects a file that would unpack to too much. Sums the sizes of the directory first, then
/// unpacks and counts, because a directory may lie.
pub(super) fn validate_size<S: Read + Seek>(source: &mut S) -> Result<(), FileError> {
    if source.seek(SeekFrom::End(0))? > MAX_FILE_BYTES {
        return Err(FileError::new(
            "file_too_large",
            "a spreadsheet may have up to 50 MiB; save it as CSV",
        ));
    }
    source.rewind()?;
    let mut archive = zip::ZipArchive::new(source).map_err(|e| unreadable_workbook(&e))?;
    if archive.len() > MAX_PARTS {
        return Err(unpacks_too_large());
    }
    let mut declared = UnpackedSize::default();
    for index in 0..archive.len() {
        let part = archive
            .by_index_raw(index)
            .map_err(|e| unreadable_workbook(&e))?;
        declared.add_part(
            &part.name().map_err(|e| unreadable_workbook(&e))?,
            part.size(),
        )?;
    }
    let mut counted = UnpackedSize::default();
    for index in 0..archive.len() {
        let part = archive
            .by_index(index)
            .map_err(|e| unreadable_workbook(&e))?;
        let name = part
            .name()
            .map_err(|e| unreadable_workbook(&e))?
            .into_owned();
        let mut limited = part.take(MAX_UNPACKED_BYTES + 1);
        let size = std::io::copy(&mut limited, &mut std::io::sink())
            .map_err(|e| unreadable_workbook(&e))?;
        counted.add_part(&name, size)?;
    }
    Ok(())
}

/// Sizes of a workbook's parts, in bytes.
#[derive(Default)]
struct UnpackedSize {
    all: u64,
    held: u64,
}

impl UnpackedSize {
    fn add_part(&mut self, name: &str, size: u64) -> Result<(), FileError> {
        self.all = self.all.saturating_add(size);
        if !name.starts_with("xl/worksheets/") {
            self.held = self.held.saturating_add(size);
        }
        if self.all > MAX_UNPACKED_BYTES || self.held > MAX_HELD_BYTES {
            Err(unpacks_too_large())
        } else {
            Ok(())
        }
    }
}

fn unpacks_too_large() -> FileError {
    FileError::new(
        "unpacks_too_large",
        "the spreadsheet unpacks to more than is allowed (1 GiB); save it as CSV",
    )
}

pub(super) fn unreadable_workbook(error: &dyn std::fmt::Display) -> FileError {
    FileError::new(
        "not_a_table",
        format!("the file is neither CSV nor a readable XLSX: {error}"),
    )
}
