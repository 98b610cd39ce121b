//! A file of either format as a table.

use std::io::{Read, Seek};

use super::csv::CsvTable;
use super::record::Table;
use super::{workbook, xlsx};
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::Options;

/// Opens `source` from its start and passes its table to `use_table`. The first bytes decide the
/// format.
pub(crate) fn open_table<S: Read + Seek, T>(
    mut source: S,
    options: &Options,
    use_table: impl FnOnce(&mut dyn Table) -> Result<T, FileError>,
) -> Result<T, FileError> {
    source.rewind()?;
    let mut head = [0; 4];
    let filled = read_head(&mut source, &mut head)?;
    source.rewind()?;
    if workbook::is_zip(&head[..filled]) {
        // At every opening, because storage could have changed since the upload.
        workbook::validate_size(&mut source)?;
        source.rewind()?;
        return xlsx::open_sheet(source, use_table);
    }
    use_table(&mut CsvTable::open(source, options)?)
}

fn read_head(source: &mut impl Read, head: &mut [u8]) -> Result<usize, FileError> {
    let mut filled = 0;
    while filled < head.len() {
        match source.read(&mut head[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}
