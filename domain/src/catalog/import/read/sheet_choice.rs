//! Which sheet of a spreadsheet is read: the one that the options name, else the first visible one
//! that has the columns and rows. Where several have both, the caller must choose.

use super::book::{Book, Sheet};
use crate::catalog::import::file_error::FileError;

/// Sheets that are tried for a header.
const MAX_TRIED_SHEETS: usize = 50;
/// Names that an error lists.
const MAX_NAMED_SHEETS: usize = 20;

/// A sheet with rows under the columns that are searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilledSheet {
    pub(crate) name: String,
    /// The line of the first row under its header.
    pub(crate) first_row: u64,
}

/// The sheets that have the columns, in their order.
#[derive(Default)]
pub(super) struct SheetChoice<'b> {
    /// The first with rows, else the first.
    best: Option<&'b Sheet>,
    filled: Vec<FilledSheet>,
    /// Why the first sheet that doesn't fit doesn't.
    cause: Option<FileError>,
}

impl<'b> SheetChoice<'b> {
    /// Records a sheet that has the columns, and the line of its first row.
    pub(super) fn accept(&mut self, sheet: &'b Sheet, first_row: Option<u64>) {
        if self.best.is_none() || (self.filled.is_empty() && first_row.is_some()) {
            self.best = Some(sheet);
        }
        self.filled.extend(first_row.map(|first_row| FilledSheet {
            name: sheet.name.name.clone(),
            first_row,
        }));
    }

    /// Records a sheet that doesn't fit; fails where it may be the one that is meant.
    pub(super) fn reject(&mut self, cause: FileError) -> Result<(), FileError> {
        // Another sheet can only be meant where this one has other columns.
        if self.best.is_none() && cause.code != "missing_column" {
            return Err(cause);
        }
        self.cause.get_or_insert(cause);
        Ok(())
    }

    /// Returns the sheet to read, with those among which the caller must choose.
    pub(super) fn conclude(self) -> Result<(&'b Sheet, Vec<FilledSheet>), Option<FileError>> {
        let sheet = self.best.ok_or(self.cause)?;
        let is_open = self.filled.len() > 1;
        Ok((sheet, if is_open { self.filled } else { Vec::new() }))
    }
}

/// Returns the sheet that is asked for, else the visible ones, else all.
pub(super) fn list_candidates<'b>(
    book: &'b Book,
    asked: Option<&str>,
) -> Result<Vec<&'b Sheet>, FileError> {
    if let Some(asked) = asked {
        return find_sheet(book, asked).map(|sheet| vec![sheet]);
    }
    let visible: Vec<_> = book.sheets.iter().filter(|s| !s.name.hidden).collect();
    let mut candidates = if visible.is_empty() {
        book.sheets.iter().collect()
    } else {
        visible
    };
    candidates.truncate(MAX_TRIED_SHEETS);
    Ok(candidates)
}

fn find_sheet<'b>(book: &'b Book, asked: &str) -> Result<&'b Sheet, FileError> {
    let fold = |name: &str| name.trim().to_lowercase();
    let found = book
        .sheets
        .iter()
        .find(|s| fold(&s.name.name) == fold(asked));
    found.ok_or_else(|| {
        let names: Vec<_> = book
            .sheets
            .iter()
            .take(MAX_NAMED_SHEETS)
            .map(|s| s.name.name.as_str())
            .collect();
        FileError::new("unknown_sheet")
            .with("asked", asked)
            .with("names", names.join("\", \""))
    })
}
