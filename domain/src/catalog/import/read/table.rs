//! A file of either format as a table.

use std::io::{Read, Seek};

use super::csv::CsvTable;
use super::record::Table;
use super::{package, xlsx};
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::Options;

/// Opens `source` from its start, reads the head of its table and passes both to `use_table`. The
/// first bytes decide the format. A sheet whose head isn't accepted is no table of this file.
pub(crate) fn open_table<S: Read + Seek, H, T>(
    mut source: S,
    options: &Options,
    mut read_head: impl FnMut(&mut dyn Table) -> Result<H, FileError>,
    use_table: impl FnOnce(&mut dyn Table, H) -> Result<T, FileError>,
) -> Result<T, FileError> {
    source.rewind()?;
    let mut head = [0; 4];
    let filled = read_start(&mut source, &mut head)?;
    source.rewind()?;
    if package::is_zip(&head[..filled]) {
        return xlsx::open_sheet(source, options, read_head, use_table);
    }
    let mut table = CsvTable::open(source, options)?;
    let head = read_head(&mut table)?;
    use_table(&mut table, head)
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
