//! Where the header of a file stands: on its first line, or below lines of titles.

use super::columns::{Columns, NoHeader};
use crate::Text;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::options::Options;
use crate::catalog::import::read::{Record, Table};

/// Rows among which the header is searched for.
const MAX_HEADER_ROWS: usize = 50;

/// Reads rows up to the header; the table then stands before the first row of data.
///
/// The header is the first row that names every column its kind requires. Where none does, the
/// error describes the row that names most of them.
pub(super) fn read_header(
    table: &mut dyn Table,
    kind: Kind,
    options: &Options,
) -> Result<Columns, FileError> {
    let mut search = HeaderSearch::default();
    for _ in 0..MAX_HEADER_ROWS {
        if !table.advance()? {
            break;
        }
        let record = table.record();
        match options.header_line {
            Some(line) if record.line < line => continue,
            Some(line) if record.line > line => break,
            _ => {}
        }
        match Columns::find(read_titles(record), record.line, kind, options) {
            Ok(columns) => return Ok(columns),
            Err(no_header) => search.record_row(record.line, no_header),
        }
    }
    Err(search.into_error(options))
}

/// The rows that aren't the header.
#[derive(Default)]
struct HeaderSearch {
    /// The row that names most columns, with its line.
    closest: Option<(u64, NoHeader)>,
    /// A line on which the closest row stands again.
    repeated_on: Option<u64>,
}

impl HeaderSearch {
    fn record_row(&mut self, line: u64, row: NoHeader) {
        match &self.closest {
            Some((_, closest)) if closest.titles == row.titles => self.repeated_on = Some(line),
            Some((_, closest)) if closest.recognised >= row.recognised => {}
            _ => (self.closest, self.repeated_on) = (Some((line, row)), None),
        }
    }

    fn into_error(self, options: &Options) -> FileError {
        let Some((line, closest)) = self.closest else {
            return match options.header_line {
                Some(line) => FileError::new("missing_header").with("line", line),
                None => FileError::new("empty_file"),
            };
        };
        let FileError { code, mut reason } = closest.cause;
        if line > 1 {
            reason = reason.and(Text::new("header_seems_on").with("line", line));
        }
        if let Some(again) = self.repeated_on {
            reason = reason.and(Text::new("header_repeats_on").with("line", again));
        }
        FileError::worded(code, reason)
    }
}

fn read_titles(record: Record<'_>) -> Vec<String> {
    (0..record.len())
        .map(|index| record.display_field(index).trim().to_owned())
        .collect()
}
