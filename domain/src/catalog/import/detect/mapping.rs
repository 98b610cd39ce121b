//! The columns that the options name.

use super::columns::Columns;
use super::title::fold_signs;
use crate::Text;
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::Options;

impl Columns {
    /// Sets the fields that the options name. Returns those that they leave out.
    pub(super) fn apply_mapping(&mut self, options: &Options) -> Result<Vec<Field>, FileError> {
        let mut left_out = Vec::new();
        for (field, title) in &options.mapping {
            let Some(title) = title else {
                left_out.push(*field);
                continue;
            };
            let position = self.find_title(title);
            if position.is_none() {
                let listed = self.list_headers();
                let reason = Text::new("named_column_missing").with("title", title);
                return Err(FileError::worded(
                    "missing_column",
                    reason.with("listed", listed),
                ));
            }
            self.set_position(*field, position);
        }
        Ok(left_out)
    }

    /// Finds a header as it is written, by its ordinal as in `Prix#2`, or folded.
    fn find_title(&self, title: &str) -> Option<usize> {
        let exact = self.header.iter().position(|h| h.trim() == title.trim());
        let by_ordinal = || {
            let (name, ordinal) = title.rsplit_once('#')?;
            let nth = ordinal.parse::<usize>().ok()?.checked_sub(1)?;
            self.positions_of(&fold_signs(name)).nth(nth)
        };
        let by_fold = || self.positions_of(&fold_signs(title)).next();
        exact.or_else(by_ordinal).or_else(by_fold)
    }

    /// Returns the columns whose headers are equal once they are folded.
    fn positions_of(&self, key: &str) -> impl Iterator<Item = usize> {
        let is_equal = move |index: &usize| fold_signs(&self.header[*index]) == key;
        (0..self.header.len()).filter(is_equal)
    }

    /// Returns what `options.mapping` takes for a column: its header, with its ordinal where
    /// another column has the same.
    pub(super) fn describe_column(&self, position: usize) -> String {
        let title = &self.header[position];
        let key = fold_signs(title);
        let equal = || self.positions_of(&key);
        match equal().take_while(|index| *index < position).count() {
            0 if equal().count() == 1 => title.clone(),
            before => format!("{title}#{}", before + 1),
        }
    }
}
