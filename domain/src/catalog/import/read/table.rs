//! A file of either format as a table.

use std::io::{Read, Seek};

use super::record::Table;
use super::text::{CsvTable, EncodingDoubt};
use super::{package, xlsx};
use crate::Text;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::{Charset, Options};

/// Opens `source` from its start, reads the head of its table and passes both to `use_table`. The
/// first bytes decide the format. A sheet whose head isn't accepted is no table of this file.
pub(crate) fn open_table<S: Read + Seek, H, T>(
    mut source: S,
    options: &Options,
    read_head: impl FnMut(&mut dyn Table) -> Result<H, FileError>,
    use_table: impl FnOnce(&mut dyn Table, H) -> Result<T, FileError>,
) -> Result<T, FileError> {
    source.rewind()?;
    let mut head = [0; 4];
    let filled = read_start(&mut source, &mut head)?;
    source.rewind()?;
    if package::is_zip(&head[..filled]) {
        return xlsx::open_sheet(source, options, read_head, use_table);
    }
    open_text(source, options, read_head, use_table)
}

/// Opens a delimited file. Where its encoding is in doubt, a head that is accepted in some of the
/// possible encodings excludes the others.
fn open_text<S: Read + Seek, H, T>(
    mut source: S,
    options: &Options,
    mut read_head: impl FnMut(&mut dyn Table) -> Result<H, FileError>,
    use_table: impl FnOnce(&mut dyn Table, H) -> Result<T, FileError>,
) -> Result<T, FileError> {
    let named = match options.encoding.as_deref() {
        None => None,
        Some(label) => {
            Some(Charset::find_label(label).ok_or_else(|| FileError::new("unknown_encoding"))?)
        }
    };
    let mut table = CsvTable::open(&mut source, options, named)?;
    let head = read_head(&mut table);
    let Some(doubt) = table.doubt().cloned() else {
        let head = head?;
        table.accept_header();
        return use_table(&mut table, head);
    };
    drop(table);
    let mut accepted = Vec::new();
    for charset in doubt.choices() {
        source.rewind()?;
        let mut table = CsvTable::open(&mut source, options, Some(*charset))?;
        if read_head(&mut table).is_ok() {
            accepted.push(*charset);
        }
    }
    let Some(best) = accepted.first().copied() else {
        return Err(name_encoding(head.err(), &doubt));
    };
    source.rewind()?;
    let mut table = CsvTable::open(&mut source, options, Some(best))?;
    let head = read_head(&mut table)?;
    table.accept_header();
    if accepted.len() > 1 {
        table.set_doubt(doubt.among(accepted));
    }
    use_table(&mut table, head)
}

/// Returns the error of a head that no possible encoding makes acceptable.
fn name_encoding(cause: Option<FileError>, doubt: &EncodingDoubt) -> FileError {
    let unnamed = || FileError::worded("missing_header", Text::new("no_header_found"));
    let FileError { code, reason } = cause.unwrap_or_else(unnamed);
    let hint = Text::new("name_the_encoding").with("encodings", doubt.names().join(", "));
    FileError::worded(code, reason.and(hint))
}

fn read_start(source: &mut impl Read, head: &mut [u8]) -> Result<usize, FileError> {
    let mut filled = 0;
    while filled < head.len() {
        match source.read(&mut head[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}
